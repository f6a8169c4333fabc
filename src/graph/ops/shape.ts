import { check, show } from "../../device/errors.ts";
import { contiguous, count, elements, type Shape, sameShape } from "../dtype.ts";
import { axesOf, broadcast, constant, inOrder, layout, recordConcat, recordMap, recordView } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { sum } from "./sum.ts";

/** The same elements in another shape; one size may be −1. Free where the elements lie in order, else a copy. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((n) => n !== -1);
  const sizes = shape.map((n) => (n === -1 ? x.size / count(known) : n));
  check(
    shape.length - known.length <= 1 && sizes.every((n) => Number.isInteger(n) && n >= 0) && count(sizes) === x.size,
    "shape",
    "reshape",
    () => `element counts differ. Expected a shape of ${x.size} elements for ${show(x.shape)}; got ${show(shape)}.`,
  );
  if (sameShape(sizes, x.shape)) return x;
  const straight = inOrder(x);
  const source = straight ? x : recordMap("reshape", copyOf(x), [x], ([g]) => [g!]);
  return recordView("reshape", source, sizes, straight ? layout(x).offset : 0, contiguous(sizes), ([g]) => [
    reshape(g!, source.shape),
  ]);
}

const copyOf = (x: Tensor) => (x.dtype === "u32" ? "copy_u32" : x.dtype === "i32" ? "copy_i32" : "copy");

/** Axes in another order; by default reversed. `order[d]` is the axis of x that becomes axis d. */
export function transpose(x: Tensor, order: readonly number[] = x.shape.map((_, d) => -1 - d)): Tensor {
  const axes = order.map((axis) => axesOf("transpose", x.rank, axis)[0]!);
  check(
    axes.length === x.rank && new Set(axes).size === x.rank,
    "argument",
    "transpose",
    () => `not a permutation. Expected the axes 0…${x.rank - 1} in some order; got ${show(order)}.`,
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

/** The part with start ≤ index < stop along `axis`. */
export function slice(x: Tensor, axis: number, start: number, stop: number): Tensor {
  const [d] = axesOf("slice", x.rank, axis) as [number];
  const extent = x.shape[d]!;
  check(
    Number.isInteger(start) && Number.isInteger(stop) && start >= 0 && start < stop && stop <= extent,
    "argument",
    "slice",
    () => `out of range on axis ${d}. Expected 0 ≤ start < stop ≤ ${extent}; got ${start} and ${stop}.`,
  );
  if (start === 0 && stop === extent) return x;
  const { offset, strides } = layout(x);
  const shape = x.shape.map((n, a) => (a === d ? stop - start : n));
  return recordView("slice", x, shape, offset + start * strides[d]!, strides, ([g]) => [
    pad(g!, d, start, extent - stop),
  ]);
}

/** x repeated along axes where it has size 1 (or lacks the axis), as broadcasting does. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(shape, x.shape)) return x;
  const result = broadcast("expand", [x.shape, shape]);
  check(
    sameShape(result, shape) && shape.every((n) => Number.isInteger(n) && n > 0),
    "shape",
    "expand",
    () => `expected a shape that ${show(x.shape)} broadcasts to; got ${show(shape)}.`,
  );
  const { offset, strides } = layout(x);
  const ahead = shape.length - x.rank;
  const repeated = shape.map((_, d) => (d < ahead || x.shape[d - ahead] === 1 ? 0 : strides[d - ahead]!));
  return recordView("expand", x, shape, offset, repeated, ([g]) => [sumTo(g!, x.shape)]);
}

/** g summed over the axes along which `shape` was repeated to give g's. The pullback of broadcasting. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
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

/** Tensors one after the other along `axis`; all other sizes equal. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
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
  if (tensors.length === 1) return first;
  check(
    first.dtype !== "u8",
    "unsupported",
    "concat",
    () => "u8 data cannot be joined. Join the bytes before gpu.tensor, or use bytes().",
  );
  return recordConcat("concat", tensors, d, ([g]) => {
    let start = 0;
    return tensors.map((x) => slice(g!, d, start, (start += x.shape[d]!)));
  });
}

/** Equal shapes along a new axis, which becomes axis `axis` of the result (negative from the end). */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
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

/** Parts of the given sizes along `axis`. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const [d] = axesOf("split", x.rank, axis) as [number];
  const total = sizes.reduce((sum, n) => sum + n, 0);
  check(
    total === x.shape[d],
    "shape",
    "split",
    () => `sizes do not add up. Expected a sum of ${x.shape[d]} along axis ${d}; got ${show(sizes)}.`,
  );
  let start = 0;
  return sizes.map((n) => slice(x, d, start, (start += n)));
}

/** Zeros (or `value`) before and after along `axis`. */
export function pad(x: Tensor, axis: number, before: number, after: number, value = 0): Tensor {
  const [d] = axesOf("pad", x.rank, axis) as [number];
  const fits = [before, after].every((width) => Number.isInteger(width) && width >= 0);
  check(fits, "argument", "pad", () => `expected whole widths ≥ 0; got ${before} and ${after}.`);
  elements("pad", x.dtype, [value]);
  const filler = (width: number) =>
    expand(
      constant(x.gpu, value, x.dtype),
      x.shape.map((n, a) => (a === d ? width : n)),
    );
  return concat([...(before ? [filler(before)] : []), x, ...(after ? [filler(after)] : [])], d);
}
