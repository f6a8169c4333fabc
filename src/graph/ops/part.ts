import { check, checkOptions, show } from "../../device/errors.ts";
import { type DType, sameShape } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, constant, layout, recordConcat, recordView } from "../record.ts";
import { Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { expand, reshape } from "./shape.ts";

/** `size` entries of x along axis d: from, from + step, …; what slice is made of, without its checks. */
export function part<D extends DType>(x: Tensor<D>, d: number, from: number, size: number, step = 1): Tensor<D> {
  const extent = x.shape[d]!;
  if (size === extent && step === 1) return x;
  const { offset, strides } = layout(x);
  return recordView<D>(
    "slice",
    x,
    x.shape.with(d, size),
    offset + (size ? from * strides[d]! : 0),
    strides.with(d, strides[d]! * step),
    ([g]) => [insertStrided(g!, d, from, extent, step)],
  );
}

/** g at from, from + step, … of zeros with `extent` entries along axis d. */
function insertStrided(g: Tensor, d: number, from: number, extent: number, step: number): Tensor {
  const size = g.shape[d]!;
  if (step === 1 || size <= 1) return embed(g, d, from, extent - from - size);
  const apart = embed(reshape(g, g.shape.toSpliced(d + 1, 0, 1)), d + 1, 0, step - 1);
  const line = part(reshape(apart, g.shape.with(d, size * step)), d, 0, Math.min(size * step, extent - from));
  return embed(line, d, from, extent - from - line.shape[d]!);
}

/** x between `before` and `after` entries of `value` along axis d. */
export function embed<D extends DType>(x: Tensor<D>, d: number, before: number, after: number, value = 0): Tensor<D> {
  const filler = (width: number) => expand(constant(x.gpu, value, x.dtype), x.shape.with(d, width));
  return concat([...(before ? [filler(before)] : []), x, ...(after ? [filler(after)] : [])], d);
}

/** Checks that tensors came as one array. */
function checkTensors(where: string, tensors: unknown): void {
  check(
    Array.isArray(tensors) && tensors.every((x) => x instanceof Tensor),
    "argument",
    where,
    () => `expected an array of tensors. Use ${where}([a, b], axis).`,
  );
}

/**
 * Tensors one after the other along `axis`; all other sizes equal.
 *
 *     concat([gpu.tensor([[1], [2]]), gpu.tensor([[3], [4]])], 1)   // [[1, 3], [2, 4]]
 *
 * Throws LatentError("shape") or ("argument").
 */
export function concat<D extends DType>(tensors: readonly Tensor<D>[], axis: number): Tensor<D> {
  checkTensors("concat", tensors);
  check(
    axis !== undefined,
    "argument",
    "concat",
    () => "expected an axis. Use concat(tensors, 0) to put them one after the other, or stack(tensors) for a new axis.",
  );
  check(tensors.length > 0, "argument", "concat", () => "expected at least one tensor; got none.");
  const first = tensors[0]!;
  const [d] = axesOf("concat", first.rank, axis) as [number];
  for (const x of tensors)
    check(
      x.dtype === first.dtype && x.rank === first.rank && x.shape.every((n, a) => a === d || n === first.shape[a]),
      "shape",
      "concat",
      () =>
        `shapes differ beyond axis ${d}. Expected all like ${show(first.shape)} ${first.dtype}; got ${show(x.shape)} ${x.dtype}.`,
    );
  const filled = tensors.filter((x) => x.size > 0);
  if (filled.length > 0 && filled.length < tensors.length) return concat(filled, d);
  if (tensors.length === 1) return first;
  if (first.dtype === "u8")
    return cast(
      concat(
        tensors.map((x) => cast(x as Tensor, "i32")),
        d,
      ),
      "u8",
    ) as Tensor as Tensor<D>;
  return recordConcat("concat", tensors, d, ([g]) => {
    let start = 0;
    return tensors.map((x) => {
      const size = x.shape[d]!;
      return part(g!, d, (start += size) - size, size);
    });
  });
}

/**
 * Tensors of one shape along a new axis, which becomes axis `axis` of the result (negative from the end).
 *
 *     stack([gpu.tensor([1, 2]), gpu.tensor([3, 4])])   // [[1, 2], [3, 4]]
 *
 * Throws LatentError("shape") or ("argument").
 */
export function stack<D extends DType>(tensors: readonly Tensor<D>[], axis = 0): Tensor<D> {
  checkTensors("stack", tensors);
  check(tensors.length > 0, "argument", "stack", () => "expected at least one tensor; got none.");
  const { shape } = tensors[0]!;
  const [d] = axesOf("stack", shape.length + 1, axis) as [number];
  for (const x of tensors)
    check(
      sameShape(x.shape, shape),
      "shape",
      "stack",
      () => `shapes differ. Expected all like ${show(shape)}; got ${show(x.shape)}.`,
    );
  return concat(
    tensors.map((x) => reshape(x, [...shape.slice(0, d), 1, ...shape.slice(d)])),
    d,
  );
}

/**
 * Parts of x along `axis` (the first by default): of given sizes, `parts` of equal size, or of `size` with the rest last.
 *
 *     split(x, [2, 3], 1)         // [4, 5] → [4, 2] and [4, 3]
 *     split(x, { parts: 2 })      // [4, 5] → [2, 5] and [2, 5]
 *     split(x, { size: 3 }, 1)    // [4, 5] → [4, 3] and [4, 2]
 *
 * A bare number is refused: it is the number of parts to NumPy, and their size to PyTorch. Throws LatentError("shape") or ("argument").
 */
export function split<D extends DType>(
  x: Tensor<D>,
  sizes: readonly number[] | { readonly parts: number } | { readonly size: number },
  axis = 0,
): Tensor<D>[] {
  checkTensor("split", x);
  const where = "split";
  const [d] = axesOf(where, x.rank, axis) as [number];
  const extent = x.shape[d]!;
  check(
    typeof sizes === "object" && sizes !== null,
    "argument",
    where,
    () =>
      `expected sizes, { parts } or { size }; got ${String(sizes)}. Use { parts: ${String(sizes)} } for as many equal parts, { size: ${String(sizes)} } for parts of that size.`,
  );
  const list = Array.isArray(sizes) ? (sizes as readonly number[]) : evenly(sizes as { parts?: number; size?: number });
  function evenly(options: { readonly parts?: number; readonly size?: number }): number[] {
    checkOptions(where, options, ["parts", "size"]);
    const { parts, size = extent / parts! } = options;
    check(
      Number.isInteger(size) && size > 0 && (parts === undefined || options.size === undefined),
      "argument",
      where,
      () =>
        parts === undefined
          ? `expected a whole size > 0; got ${options.size}.`
          : `expected parts that divide the ${extent} entries along axis ${d}; got ${parts}. Give the sizes instead.`,
    );
    return Array.from({ length: Math.ceil(extent / size) }, (_, k) => Math.min(size, extent - k * size));
  }
  check(
    list.every((n) => Number.isInteger(n) && n >= 0) && list.reduce((sum, n) => sum + n, 0) === extent,
    "shape",
    where,
    () => `sizes do not add up. Expected a sum of ${extent} along axis ${d}; got ${show(list)}.`,
  );
  let start = 0;
  return list.map((n) => part(x, d, (start += n) - n, n));
}
