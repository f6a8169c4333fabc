import { check, show } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, constant, recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { less, where } from "./arithmetic.ts";
import { cast, widened } from "./cast.ts";
import { pick } from "./gather.ts";
import { part, concat } from "./part.ts";
import { expand, reshape } from "./shape.ts";

/**
 * x with the order of its entries reversed along `axes` (all by default).
 *
 *     flip(gpu.tensor([[1, 2], [3, 4]]), 1)   // [[2, 1], [4, 3]]
 *
 * Throws LatentError("argument").
 */
export function flip<D extends DType>(x: Tensor<D>, axes?: number | readonly number[]): Tensor<D> {
  checkTensor("flip", x);
  return axesOf("flip", x.rank, axes).reduce((y, d) => {
    const n = y.shape[d]!;
    if (n < 2) return y;
    const tensor = x.gpu.upload(
      Uint32Array.from({ length: n }, (_, i) => n - 1 - i),
      [n],
    );
    const places = { shape: [n], signed: false, tensor };
    const flipped: Tensor = pick(widened(y), places, d, false, y.shape, 1, ([g]) => [flip(g!, d), null]);
    return cast(flipped, x.dtype);
  }, x);
}

/**
 * x repeated `times` along its axes, NumPy's tile and PyTorch's repeat; fewer times than axes are those of the last axes.
 *
 *     tile(gpu.tensor([1, 2]), 2)        // [1, 2, 1, 2]
 *     tile(gpu.tensor([1, 2]), [2, 1])   // [[1, 2], [1, 2]]
 *
 * Returns x.shape · times. The gradient adds the repetitions up. Throws LatentError("argument").
 */
export function tile<D extends DType>(x: Tensor<D>, times: number | readonly number[]): Tensor<D> {
  checkTensor("tile", x);
  const given = [times].flat();
  check(
    given.every((n) => Number.isInteger(n) && n >= 0),
    "argument",
    "tile",
    () => `expected whole numbers ≥ 0; got ${show(given)}.`,
  );
  const rank = Math.max(x.rank, given.length);
  const full = (list: readonly number[]) => [...new Array<number>(rank - list.length).fill(1), ...list];
  const [sizes, n] = [full(x.shape), full(given)];
  const apart = reshape(
    x,
    sizes.flatMap((size) => [1, size]),
  );
  const repeated = expand(
    apart,
    sizes.flatMap((size, d) => [n[d]!, size]),
  );
  return reshape(
    repeated,
    sizes.map((size, d) => size * n[d]!),
  );
}

/**
 * x moved along `axis` by `shift` entries, those that leave at one end coming back at the other; of x in a row if no axis is given.
 *
 *     roll(gpu.tensor([1, 2, 3, 4]), 1)   // [4, 1, 2, 3]
 *     roll(x, [1, -2], [0, 1])            // down by one, left by two
 *
 * Throws LatentError("argument").
 */
export function roll<D extends DType>(
  x: Tensor<D>,
  shift: number | readonly number[],
  axis?: number | readonly number[],
): Tensor<D> {
  checkTensor("roll", x);
  if (axis === undefined) return reshape(roll(reshape(x, [x.size]), shift, 0), x.shape);
  const [shifts, axes] = [[shift].flat(), [axis].flat()];
  check(
    shifts.length === axes.length && shifts.every(Number.isInteger),
    "argument",
    "roll",
    () => `expected a whole shift for each axis; got ${show(shifts)} and ${show(axes)}.`,
  );
  return axes.reduce((y, a, k) => {
    const [d] = axesOf("roll", x.rank, a) as [number];
    const n = y.shape[d]!;
    const cut = n && ((-shifts[k]! % n) + n) % n;
    return cut === 0 ? y : concat([part(y, d, cut, n - cut), part(y, d, 0, cut)], d);
  }, x);
}

/** 1 where the column of an element of [..., rows, columns] is at most its row + k + by, else 0. */
function below(where: string, x: Tensor, k: number, by = 0): Tensor {
  checkTensor(where, x);
  check(x.rank >= 2, "shape", where, () => `expected x [..., rows, columns]; got ${show(x.shape)}.`);
  check(Number.isInteger(k), "argument", where, () => `expected a whole diagonal; got ${k}.`);
  const shape = x.shape.slice(-2) as [number, number];
  const word = (value: number) => constant(x.gpu, value, "u32");
  const position = (stride: number, extent: number) =>
    recordMap(where, "position", [word(stride), word(extent)], null, shape);
  const [row, column] = [position(shape[1], shape[0]), position(1, shape[1])];
  // column < row + ahead, without negative numbers
  const ahead = Math.min(Math.max(k + by + 1, -shape[0]), shape[1]);
  const shifted = (i: Tensor, by: number) => recordMap(where, "add_u32", [i, word(by)], null);
  return ahead >= 0 ? less(column, shifted(row, ahead)) : less(shifted(column, -ahead), row);
}

/**
 * The lower triangle of matrices, zeros elsewhere; `k` moves the diagonal that still belongs to it to the right.
 *
 *     tril(gpu.tensor([[1, 2], [3, 4]]))   // [[1, 0], [3, 4]]
 *
 * x: [..., rows, columns]. Throws LatentError("shape") or ("argument").
 */
export const tril = (x: Tensor, k = 0): Tensor<"f32"> => where(below("tril", x, k), x as Tensor<"f32">, 0);

/**
 * The upper triangle of matrices, zeros elsewhere; `k` moves the diagonal that still belongs to it to the right.
 *
 *     triu(gpu.tensor([[1, 2], [3, 4]]), 1)   // [[0, 2], [0, 0]]
 *
 * x: [..., rows, columns]. Throws LatentError("shape") or ("argument").
 */
export const triu = (x: Tensor, k = 0): Tensor<"f32"> => where(below("triu", x, k, -1), 0, x as Tensor<"f32">);

/**
 * x without its axes of size 1, or without those among `axes`, which must be of size 1.
 *
 *     squeeze(x)      // [1, 3, 1] → [3]
 *     squeeze(x, 0)   // [1, 3, 1] → [3, 1]
 *
 * Throws LatentError("shape") or ("argument").
 */
export function squeeze<D extends DType>(x: Tensor<D>, axes?: number | readonly number[]): Tensor<D> {
  checkTensor("squeeze", x);
  const over = axesOf("squeeze", x.rank, axes).filter((d) => axes !== undefined || x.shape[d] === 1);
  check(
    over.every((d) => x.shape[d] === 1),
    "shape",
    "squeeze",
    () => `expected axes of size 1; got ${show(over)} of ${show(x.shape)}.`,
  );
  return reshape(
    x,
    x.shape.filter((_, d) => !over.includes(d)),
  );
}

/**
 * x with new axes of size 1, which are the axes `axes` of the result.
 *
 *     unsqueeze(x, 0)         // [3] → [1, 3]
 *     unsqueeze(x, [0, -1])   // [3] → [1, 3, 1]
 *
 * Throws LatentError("argument").
 */
export function unsqueeze<D extends DType>(x: Tensor<D>, axes: number | readonly number[]): Tensor<D> {
  checkTensor("unsqueeze", x);
  const fresh = axesOf("unsqueeze", x.rank + [axes].flat().length, axes);
  return reshape(
    x,
    fresh.reduce((shape, d) => shape.toSpliced(d, 0, 1), [...x.shape]),
  );
}
