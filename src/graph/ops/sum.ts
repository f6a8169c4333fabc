import { check, checkOptions, show } from "../../device/errors.ts";
import { count, type DType, isFloat, type Shape, type Total } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import type { Axes, ReduceOptions, VarianceOptions } from "../options.ts";
import { axesOf, recordMap, recordReduce, relabel } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, equal, maximum, minimum, mul, sub } from "./arithmetic.ts";
import { cast, summable } from "./cast.ts";
import { detach } from "./detach.ts";
import { embed, part } from "./part.ts";
import { expand, repeatedAxes, reshape, transpose } from "./shape.ts";

/** What a reduction goes over. */
export interface Reduced {
  /** The axes, in order. */
  readonly over: readonly number[];
  /** How many elements each result is made of. */
  readonly n: number;
  /** x's shape with every reduced axis in place, as 1. */
  readonly keptShape: readonly number[];
  /** x's shape without them, or with, where `keepDims` asks for it. */
  readonly shape: readonly number[];
}

/** Checks what a reduction was given. Throws LatentError("argument"). */
export function reduced(where: string, x: Tensor, axes: Axes, options: ReduceOptions, ...further: string[]): Reduced {
  checkTensor(where, x);
  check(
    typeof axes !== "object" || Array.isArray(axes),
    "argument",
    where,
    () =>
      `expected axes before the options; got ${JSON.stringify(axes)}. Use ${where}(x, undefined, { … }) for all axes.`,
  );
  check(
    typeof options !== "number",
    "argument",
    where,
    () => `expected several axes as one array. Use ${where}(x, [${[axes, options].join(", ")}]).`,
  );
  checkOptions(where, options, [...further, "keepDims"]);
  const over = axesOf(where, x.rank, axes);
  const keptShape = x.shape.map((n, d) => (over.includes(d) ? 1 : n));
  const shape = options.keepDims ? keptShape : x.shape.filter((_, d) => !over.includes(d));
  return { over, n: count(over.map((d) => x.shape[d]!)), keptShape, shape };
}

/** `slope` makes x's gradient of y's, and y where it asks for it, both with every reduced axis in place. */
function reduce(
  operation: "sum" | "max" | "min",
  x: Tensor,
  { over, keptShape, shape }: Reduced,
  slope: (g: Tensor, y: () => Tensor) => Tensor,
): Tensor<"f32"> {
  if (over.length === 0) return x as Tensor<"f32">;
  const keep = (y: Tensor): Tensor => reshape(y, keptShape);
  const y: Tensor<"f32"> = recordReduce(operation, operation, x, over, ([g]) => [slope(keep(g!), () => keep(y))]);
  return reshape(y, shape);
}

/**
 * x combined along `over` in a fixed tree of maps, eight elements at a time, whatever its dtype:  ((x₀∘x₁)∘(x₂∘x₃))∘…
 * `identity` fills up what is missing to eight. The gradient is that of `combine`.
 */
export function fold(x: Tensor, { over, n, keptShape, shape }: Reduced, identity: number, combine: Combine): Tensor {
  const order = [...keptShape.keys()].filter((d) => !over.includes(d));
  let y = reshape(transpose(x, [...order, ...over]), [...order.map((d) => x.shape[d]!), n]);
  const d = order.length;
  for (let extent = n; extent !== 1;) {
    const size = Math.ceil(extent / 8);
    const parts = Math.min(8, Math.max(extent, 1));
    const missing = (size || 1) * parts - extent;
    if (missing) y = embed(y, d, 0, missing, identity);
    extent = size || 1;
    let terms = Array.from({ length: parts }, (_, k) => part(y, d, k * extent, extent));
    while (terms.length > 1)
      terms = terms.flatMap((term, k) => (k % 2 ? [] : [k + 1 < terms.length ? combine(term, terms[k + 1]!) : term]));
    y = terms[0]!;
  }
  return reshape(y, shape);
}

export type Combine = (a: Tensor, b: Tensor) => Tensor;

/**
 * Sum over `axes` (all by default), in a fixed tree; 0 of nothing. Integers wrap around; bools are counted, as i32; bytes add up to u32.
 *
 *     await sum(gpu.tensor([[1, 2], [3, 4]]), 1).read(); // 3, 7
 */
export function sum<D extends DType>(x: Tensor<D>, axes?: Axes, options: ReduceOptions = {}): Tensor<Total<D>> {
  const how = reduced("sum", x, axes, options);
  const total = (): Tensor => {
    if (x.dtype === "f32") return reduce("sum", x, how, (g) => expand(g, x.shape));
    return fold(summable(x), how, 0, add);
  };
  return total() as Tensor<Total<D>>;
}

/**
 * g summed over the axes along which `shape` was repeated to give g's.
 *
 *     sumTo(x, [1, 3]);
 */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  checkTensor("sumTo", g);
  const axes = repeatedAxes("sumTo", g.shape, shape);
  return reshape(axes.length ? sum(g, axes) : g, shape);
}

/**
 * Mean over `axes` (all by default), always f32; NaN of nothing.
 *
 *     await mean(gpu.tensor([[1, 2], [3, 4]]), 0).read(); // 2, 3
 */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"f32"> {
  const { n } = reduced("mean", x, axes, options);
  return div(sum(cast(x, "f32"), axes, options), n);
}

/**
 * x less its mean over `over`, taken twice. A large mean in f32 is off by more than x deviates from it. So the first difference has a mean
 * of its own: small, and subtracted again. A mean 10⁶ times the deviations costs no digit.
 *
 * The first mean is detached: whatever is subtracted first, the second one takes it out of the result, and so out of the gradient.
 */
export function deviations(x: Tensor, over: readonly number[]): Tensor<"f32"> {
  const near = sub(x, detach(mean(x, over, { keepDims: true })));
  return sub(near, mean(near, over, { keepDims: true }));
}

/**
 * Mean squared deviation over `axes`; divides by n − ddof, 0 unless given. Deviations come first, so a large mean costs no accuracy.
 * NaN of nothing. Throws LatentError("shape") where there are at most ddof elements.
 *
 *     await variance(gpu.tensor([1, 2, 3]), 0, { ddof: 1 }).item(); // 1
 */
export function variance(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor<"f32"> {
  const { over, n } = reduced("variance", x, axes, options, "ddof");
  const { ddof = 0, keepDims = false } = options;
  check(
    n === 0 || n > ddof,
    "shape",
    "variance",
    () => `too few elements. Expected more than ddof = ${ddof}; got ${n}.`,
  );
  const centred = deviations(cast(x, "f32"), over);
  return div(sum(mul(centred, centred), over, { keepDims }), n && n - ddof);
}

function extreme<D extends DType>(operation: "max" | "min", x: Tensor<D>, axes: Axes, options: ReduceOptions = {}) {
  const how = reduced(operation, x, axes, options);
  check(
    how.n > 0,
    "shape",
    operation,
    () => `expected at least one element to choose from; got ${show(x.shape)} over axes ${show(how.over)}.`,
  );
  const chosen = (): Tensor => {
    if (!isFloat(x.dtype)) {
      const [least, most] = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], u8: [0, 255] }[x.dtype as "i32"];
      return operation === "max" ? fold(x, how, least!, maximum) : fold(x, how, most!, minimum);
    }
    const y = reduce(operation, x, how, (g, largest) => {
      // ties share the gradient, as in PyTorch's amax. With NaN the whole line gets it; in a reduction of everything only the NaNs
      const hits =
        axes === undefined
          ? recordMap(operation, "is_extreme", [x, largest()], null)
          : cast(equal(x, largest()), "f32");
      return mul(div(hits, sum(hits, how.over, { keepDims: true })), g);
    });
    return x.dtype === "bool" && how.over.length ? relabel(y, "bool") : y;
  };
  return chosen() as Tensor as Tensor<D>;
}

/**
 * Largest element over `axes` (all by default), in x's dtype; NaN where one is among them. Equal ones share the gradient, as
 * in PyTorch's amax. Throws LatentError("shape") of nothing.
 *
 *     await max(gpu.tensor([[1, 2], [3, 4]]), 1).read(); // 2, 4
 */
export const max = <D extends DType>(x: Tensor<D>, axes?: Axes, options?: ReduceOptions): Tensor<D> =>
  extreme("max", x, axes, options);

/**
 * Smallest element over `axes` (all by default), in x's dtype; NaN where one is among them. Equal ones share the gradient, as
 * in PyTorch's amin. Throws LatentError("shape") of nothing.
 *
 *     await min(gpu.tensor([[1, 2], [3, 4]]), 1).read(); // 1, 3
 */
export const min = <D extends DType>(x: Tensor<D>, axes?: Axes, options?: ReduceOptions): Tensor<D> =>
  extreme("min", x, axes, options);
