import { check, show } from "../../device/errors.ts";
import { contiguous, count, type DType, type Shape, sameShape } from "../dtype.ts";
import { copyOf } from "../maps.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, broadcast, inOrder, layout, recordMap, recordReduce, recordView } from "../record.ts";
import type { Tensor } from "../tensor.ts";

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
  const given = shape.filter((n) => n !== -1);
  const sizes = shape.map((n) => (n === -1 ? x.size / (count(given) || 1) : n));
  check(
    shape.length - given.length <= 1 && sizes.every((n) => Number.isInteger(n) && n >= 0) && count(sizes) === x.size,
    "shape",
    "reshape",
    () => `element counts differ. Expected a shape of ${x.size} elements for ${show(x.shape)}; got ${show(shape)}.`,
  );
  if (sameShape(sizes, x.shape)) return x;
  const isInOrder = inOrder(x);
  const source = isInOrder ? x : (recordMap("reshape", copyOf(x.dtype), [x], ([g]) => [g!]) as Tensor as Tensor<D>);
  return recordView("reshape", source, sizes, isInOrder ? layout(x).offset : 0, contiguous(sizes), ([g]) => [
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
  return recordView("expand", x, shape, offset, repeated, ([g]) => [unexpand(g!, x.shape)]);
}

/** The axes along which `shape` was repeated to give `whole`. Throws LatentError("shape") where it was not. */
export function repeatedAxes(where: string, whole: Shape, shape: Shape): number[] {
  checkList(where, "the sizes", shape, []);
  const ahead = whole.length - shape.length;
  check(
    ahead >= 0 && shape.every((n, d) => n === 1 || n === whole[d + ahead]),
    "shape",
    where,
    () => `expected a shape that broadcasts to ${show(whole)}; got ${show(shape)}.`,
  );
  return whole.flatMap((n, d) => (d < ahead || (shape[d - ahead] === 1 && n !== 1) ? [d] : []));
}

/** The gradient of broadcasting: g, which is f32, summed over the axes along which `shape` was repeated to give its own. */
export function unexpand(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const axes = repeatedAxes("expand", g.shape, shape);
  const remaining = g.shape.map((n, d) => (axes.includes(d) ? 1 : n));
  const broadcasted = (h: Tensor): Tensor => expand(reshape(h, remaining), g.shape);
  return reshape(axes.length ? recordReduce("expand", "sum", g, axes, ([h]) => [broadcasted(h!)]) : g, shape);
}
