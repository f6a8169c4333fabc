import { check, checkOptions, show } from "../device/errors.ts";
import { count, sameShape } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { neg } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { expand } from "../graph/ops/shape.ts";
import { concat } from "../graph/ops/part.ts";
import { slice } from "../graph/ops/slice.ts";
import { broadcast, checkFloat, recordOne } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { triangular as launch, type Triangle } from "../kernels/triangular.ts";
import { swap, triangle } from "./matrix.ts";

const solveOp: KernelOp = {
  name: "solveTriangular",
  launch: ([l, b], _outputs, attributes, traits) =>
    launch(
      { stack: count(l!.shape.slice(0, -2)), size: l!.shape.at(-1)!, columns: b!.shape.at(-1)! },
      attributes as unknown as Triangle,
      traits,
    ),
};

/** What solveTriangular takes. */
export interface TriangularOptions {
  /** Solves with lᵀ instead of l. */
  readonly transpose?: boolean;
  /** l is upper triangular. */
  readonly upper?: boolean;
  /** The diagonal of l counts as ones, and is not read. */
  readonly unitriangular?: boolean;
}

/**
 * x with l·x = b, or lᵀ·x = b where `transpose`, for triangular l: lower, or upper where `upper`.
 *
 * l: [..., n, n], of which that triangle is read; b: [..., n, m]; stacks broadcast. Returns [..., n, m].
 * Throws LatentError("shape") where sizes do not fit. A zero on the diagonal gives infinities or NaN.
 *
 *     await linalg.solveTriangular(gpu.tensor([[2, 0], [1, 1]]), gpu.tensor([[4], [5]])).read(); // 2, 3
 */
export function solveTriangular(l: Tensor, b: Tensor, options: TriangularOptions = {}): Tensor {
  const where = "linalg.solveTriangular";
  checkOptions(where, options, ["transpose", "upper", "unitriangular"]);
  const { transpose = false, upper = false, unitriangular: unit = false } = options;
  for (const [name, value] of Object.entries({ transpose, upper, unitriangular: unit }))
    check(typeof value === "boolean", "argument", where, () => `expected ${name} true or false; got ${String(value)}.`);
  checkFloat(where, l);
  checkFloat(where, b);
  const n = l.shape.at(-1)!;
  check(
    l.rank >= 2 && l.shape.at(-2) === n && b.rank >= 2 && b.shape.at(-2) === n,
    "shape",
    where,
    () => `sizes do not fit. Expected l [..., n, n] and b [..., n, m]; got ${show(l.shape)} and ${show(b.shape)}.`,
  );
  const [left, right] = sameStacks(where, l, b);
  const x: Tensor = recordOne(
    solveOp,
    [left, right],
    { shape: right.shape, dtype: "f32" },
    { transposed: transpose, upper, unit },
    ([g]) => {
      const dB = solveTriangular(left, g!, { ...options, transpose: !transpose });
      const dL = transpose ? matmul(x, swap(dB)) : matmul(dB, swap(x));
      return [neg(triangle(dL, upper, unit)), dB];
    },
  );
  return x;
}

/** Two stacks of matrices, broadcast to one stack. */
export function sameStacks(where: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const stack = broadcast(where, [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const whole = (t: Tensor) =>
    sameShape(t.shape.slice(0, -2), stack) ? t : expand(t, [...stack, ...t.shape.slice(-2)]);
  return [whole(a), whole(b)];
}

/** Columns of one block of a product with a triangular matrix. */
const BLOCK = 256;

/**
 * x·lᵀ for lower triangular l, block by block of columns, so that nearly half of the products by zero are left out.
 *
 * x: [rows, n], l: [n, n]. Returns [rows, n].
 */
export function timesTransposedFactor(x: Tensor, l: Tensor): Tensor {
  const n = l.shape[0]!;
  if (n <= BLOCK) return matmul(x, swap(l));
  const size = Math.ceil(n / Math.ceil(n / BLOCK));
  const parts: Tensor[] = [];
  for (let first = 0; first < n; first += size) {
    const end = Math.min(n, first + size);
    parts.push(matmul(slice(x, 1, 0, end), swap(slice(slice(l, 0, first, end), 1, 0, end))));
  }
  return concat(parts, 1);
}
