import { check } from "../../device/errors.ts";
import { axesOf, recordReduce } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { div, equal, mul, sub } from "./arithmetic.ts";
import { expand, reshape } from "./shape.ts";

export interface ReduceOptions {
  /** Leave the reduced axes in place with size 1. */
  readonly keepDims?: boolean;
}

/** The shape of x with 1 for every reduced axis. */
const kept = (x: Tensor, axes: readonly number[]): number[] => x.shape.map((n, d) => (axes.includes(d) ? 1 : n));

/** Sum over `axes` (all by default), in a fixed tree. */
export function sum(x: Tensor, axes?: number | readonly number[], { keepDims = false }: ReduceOptions = {}): Tensor {
  const over = axesOf("sum", x.rank, axes);
  if (over.length === 0) return x;
  const y = recordReduce("sum", "sum", x, over, ([g]) => [expand(reshape(g!, kept(x, over)), x.shape)]);
  return keepDims ? reshape(y, kept(x, over)) : y;
}

/** Mean over `axes` (all by default). */
export function mean(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  const over = axesOf("mean", x.rank, axes);
  const n = over.reduce((product, d) => product * x.shape[d]!, 1);
  check(n > 0, "shape", "mean", () => "expected at least one element to average; got none.");
  return div(sum(x, over, options), n);
}

/** Mean squared deviation over `axes`; divides by n − ddof. Two passes, so that a large mean costs no accuracy. */
export function variance(
  x: Tensor,
  axes?: number | readonly number[],
  { ddof = 0, keepDims = false }: ReduceOptions & { readonly ddof?: number } = {},
): Tensor {
  const over = axesOf("variance", x.rank, axes);
  const n = over.reduce((product, d) => product * x.shape[d]!, 1);
  check(n > ddof, "shape", "variance", () => `too few elements. Expected more than ddof = ${ddof}; got ${n}.`);
  const centred = sub(x, mean(x, over, { keepDims: true }));
  return div(sum(mul(centred, centred), over, { keepDims }), n - ddof);
}

function extreme(
  operation: "max" | "min",
  x: Tensor,
  axes: number | readonly number[] | undefined,
  keepDims: boolean,
): Tensor {
  const over = axesOf(operation, x.rank, axes);
  if (over.length === 0) return x;
  const y: Tensor = recordReduce(operation, operation, x, over, ([g]) => {
    // equal extremes share the gradient, as in PyTorch's amax
    const hits = equal(x, reshape(y, kept(x, over)));
    return [mul(div(hits, sum(hits, over, { keepDims: true })), reshape(g!, kept(x, over)))];
  });
  return keepDims ? reshape(y, kept(x, over)) : y;
}

/** Largest element over `axes` (all by default). */
export const max = (x: Tensor, axes?: number | readonly number[], { keepDims = false }: ReduceOptions = {}): Tensor =>
  extreme("max", x, axes, keepDims);

/** Smallest element over `axes` (all by default). */
export const min = (x: Tensor, axes?: number | readonly number[], { keepDims = false }: ReduceOptions = {}): Tensor =>
  extreme("min", x, axes, keepDims);
