import { check, checkOptions, show } from "../../device/errors.ts";
import { contiguous, count, type DType, type Shape, sameShape } from "../dtype.ts";
import { copyOf } from "../maps.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, broadcast, inOrder, layout, recordConcat, recordMap, recordView } from "../record.ts";
import { Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { part } from "./part.ts";
import { sum } from "./sum.ts";

/**
 * The same elements, row by row, in another shape; one size may be −1, which is what remains.
 *
 *     reshape(gpu.arange(6), [2, -1])   // [[0, 1, 2], [3, 4, 5]]
 *
 * Free where the elements lie in order, else a copy. Throws LatentError("shape") or ("argument").
 */
export function reshape<D extends DType>(x: Tensor<D>, shape: Shape, ...rest: readonly never[]): Tensor<D> {
  checkTensor("reshape", x);
  checkList("reshape", "the sizes", shape, rest);
  const known = shape.filter((n) => n !== -1);
  const sizes = shape.map((n) => (n === -1 ? x.size / (count(known) || 1) : n));
  check(
    shape.length - known.length <= 1 && sizes.every((n) => Number.isInteger(n) && n >= 0) && count(sizes) === x.size,
    "shape",
    "reshape",
    () => `element counts differ. Expected a shape of ${x.size} elements for ${show(x.shape)}; got ${show(shape)}.`,
  );
  if (sameShape(sizes, x.shape)) return x;
  const straight = inOrder(x);
  const source = straight ? x : (recordMap("reshape", copyOf(x.dtype), [x], ([g]) => [g!]) as Tensor as Tensor<D>);
  return recordView("reshape", source, sizes, straight ? layout(x).offset : 0, contiguous(sizes), ([g]) => [
    reshape(g!, source.shape),
  ]);
}

/** Checks that sizes or axes came as one array: PyTorch also takes them one by one. */
function checkList(where: string, what: string, list: unknown, rest: readonly unknown[], remedy = ""): void {
  check(
    Array.isArray(list) && rest.length === 0,
    "argument",
    where,
    () =>
      `expected ${what} as one array; got ${[list, ...rest].map((value) => (Array.isArray(value) ? show(value) : String(value))).join(", ")}. Use ${where}(x, ${remedy || show([list, ...rest].flat() as number[])}).`,
  );
}

/**
 * Axes in another order, NumPy's transpose and PyTorch's permute: order[d] is the axis of x that becomes axis d; reversed by default.
 *
 *     transpose(x)              // [2, 3] → [3, 2]
 *     transpose(x, [0, 2, 1])   // [5, 2, 3] → [5, 3, 2]
 *
 * Free: the same memory is read in another order. Throws LatentError("argument").
 */
export function transpose<D extends DType>(
  x: Tensor<D>,
  order?: readonly number[],
  ...rest: readonly never[]
): Tensor<D> {
  checkTensor("transpose", x);
  const given = order ?? x.shape.map((_, d) => -1 - d);
  // PyTorch's transpose(x, 0, 1) swaps two axes
  const [a, b] = [given, ...rest].map((axis) => (Number(axis) < 0 ? Number(axis) + x.rank : Number(axis)));
  const swapped = [...x.shape.keys()].map((d) => (d === a ? b! : d === b ? a! : d));
  checkList("transpose", "the order of all axes", given, rest, rest.length === 1 ? show(swapped) : "");
  const axes = given.map((axis) => axesOf("transpose", x.rank, axis)[0]!);
  check(
    axes.length === x.rank && new Set(axes).size === x.rank,
    "argument",
    "transpose",
    () => `not a permutation. Expected the axes 0…${x.rank - 1} in some order; got ${show(given)}.`,
  );
  const { offset, strides } = layout(x);
  const back = axes.map((_, d) => axes.indexOf(d));
  return recordView(
    "transpose",
    x,
    axes.map((a) => x.shape[a]!),
    offset,
    axes.map((a) => strides[a]!),
    ([g]) => [transpose(g!, back)],
  );
}

/**
 * x repeated along axes where it has size 1 (or lacks the axis), as broadcasting does: NumPy's broadcast_to. −1 keeps a size of x.
 *
 *     expand(gpu.tensor([[1], [2]]), [2, 3])   // [[1, 1, 1], [2, 2, 2]]
 *
 * Free: the same memory is read again. The gradient sums the repetitions up. Throws LatentError("shape").
 */
export function expand<D extends DType>(x: Tensor<D>, sizes: Shape): Tensor<D> {
  checkTensor("expand", x);
  checkList("expand", "the sizes", sizes, []);
  const shape = sizes.map((n, d) => (n === -1 ? (x.shape[d - sizes.length + x.rank] ?? n) : n));
  if (sameShape(shape, x.shape)) return x;
  const result = broadcast("expand", [x.shape, shape]);
  check(
    sameShape(result, shape) && shape.every((n) => Number.isInteger(n) && n >= 0),
    "shape",
    "expand",
    () => `expected a shape that ${show(x.shape)} broadcasts to; got ${show(shape)}.`,
  );
  const { offset, strides } = layout(x);
  const ahead = shape.length - x.rank;
  const repeated = shape.map((_, d) => (d < ahead || x.shape[d - ahead] === 1 ? 0 : strides[d - ahead]!));
  return recordView("expand", x, shape, offset, repeated, ([g]) => [sumTo(g!, x.shape)]);
}

/**
 * g summed over the axes along which `shape` was repeated to give g's. The pullback of broadcasting.
 *
 *     sumTo(x, [1, 3]);
 */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  checkTensor("sumTo", g);
  checkList("sumTo", "the sizes", shape, []);
  if (sameShape(g.shape, shape)) return g;
  const ahead = g.rank - shape.length;
  check(
    ahead >= 0 && shape.every((n, d) => n === 1 || n === g.shape[d + ahead]),
    "shape",
    "sumTo",
    () => `expected a shape that broadcasts to ${show(g.shape)}; got ${show(shape)}.`,
  );
  const axes = g.shape.flatMap((n, d) => (d < ahead || (shape[d - ahead] === 1 && n !== 1) ? [d] : []));
  return reshape(axes.length ? sum(g, axes) : g, shape);
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
