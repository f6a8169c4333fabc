import { check, checkOptions } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import { axesOf, count, recordReduce } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { div, equal, mul, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { expand, reshape } from "./shape.ts";

export type Axes = number | readonly number[] | undefined;

export interface ReduceOptions {
  /** Leave the reduced axes in place with size 1. */
  readonly keepDims?: boolean;
}

/** `slope` makes x's gradient of y's, and y where it asks for it, both with every reduced axis in place. */
function reduce(
  operation: "sum" | "max" | "min",
  x: Tensor,
  axes: Axes,
  options: ReduceOptions,
  slope: (g: Tensor, y: () => Tensor) => Tensor,
): Tensor<"f32"> {
  checkOptions(operation, options, ["keepDims"]);
  const over = axesOf(operation, x.rank, axes);
  if (over.length === 0) return x as Tensor<"f32">;
  const keep = <D extends DType>(y: Tensor<D>) =>
    reshape(
      y,
      x.shape.map((n, d) => (over.includes(d) ? 1 : n)),
    );
  const y: Tensor<"f32"> = recordReduce(operation, operation, x, over, ([g]) => [slope(keep(g!), () => keep(y))]);
  return options.keepDims ? keep(y) : y;
}

/** Sum over `axes` (all by default), in a fixed tree. */
export const sum = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"f32"> =>
  reduce("sum", x, axes, options, (g) => expand(g, x.shape));

/** The axes that an average goes over, and how many elements lie along them. */
function averaged(where: string, x: Tensor, axes: Axes, options: object, ...known: readonly string[]) {
  checkOptions(where, options, [...known, "keepDims"]);
  const over = axesOf(where, x.rank, axes);
  return { over, n: count(over.map((d) => x.shape[d]!)) };
}

/** Mean over `axes` (all by default). */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"f32"> {
  const { over, n } = averaged("mean", x, axes, options);
  check(n > 0, "shape", "mean", () => "expected at least one element to average; got none.");
  return div(sum(x, over, options), n);
}

/** Mean squared deviation over `axes`; divides by n − ddof. Two passes, so that a large mean costs no accuracy. */
export function variance(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { readonly ddof?: number } = {},
): Tensor<"f32"> {
  const { over, n } = averaged("variance", x, axes, options, "ddof");
  const { ddof = 0, keepDims = false } = options;
  check(n > ddof, "shape", "variance", () => `too few elements. Expected more than ddof = ${ddof}; got ${n}.`);
  const centred = sub(x, mean(x, over, { keepDims: true }));
  return div(sum(mul(centred, centred), over, { keepDims }), n - ddof);
}

function extreme(operation: "max" | "min", x: Tensor, axes: Axes, options: ReduceOptions = {}): Tensor {
  return reduce(operation, x, axes, options, (g, y) => {
    // equal extremes share the gradient, as in PyTorch's amax
    const hits = cast(equal(x, y()), "f32");
    return mul(div(hits, sum(hits, axes, { keepDims: true })), g);
  });
}

/** Largest element over `axes` (all by default); NaN where one is among them. */
export const max = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => extreme("max", x, axes, options);

/** Smallest element over `axes` (all by default); NaN where one is among them. */
export const min = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => extreme("min", x, axes, options);
