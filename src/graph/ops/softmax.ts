import { checkOptions } from "../../device/errors.ts";
import { axesOf, checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { detach } from "./detach.ts";
import { exp, isFinite, log } from "./elementwise.ts";
import { reshape } from "./shape.ts";
import { max, sum } from "./sum.ts";
import type { ReduceOptions, Axes } from "../options.ts";

/** x, where bools count as 0 and 1. Throws LatentError("argument") on integers. */
function floats(where: string, x: Tensor): Tensor<"f32"> {
  checkFloat(where, x);
  return cast(x, "f32");
}

/**
 * log Σ e^x over `axes` (all by default), with the maximum taken out first, so that nothing overflows.
 *
 *     await logsumexp(gpu.tensor([0, 0])).item(); // 0.6931
 */
export function logsumexp(input: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"f32"> {
  const x = floats("logsumexp", input);
  checkOptions("logsumexp", options, ["keepDims"]);
  const over = axesOf("logsumexp", x.rank, axes);
  // of nothing: log 0
  if (x.size === 0) return log(sum(x, over, options));
  const largest = detach(max(x, over, { keepDims: true }));
  // ∞ − ∞ is no number
  const level = where(isFinite(largest), largest, 0);
  const y = add(log(sum(exp(sub(x, level)), over, { keepDims: true })), level);
  return options.keepDims
    ? y
    : reshape(
        y,
        x.shape.filter((_, d) => !over.includes(d)),
      );
}

/** x − max x along `over`, the shift that leaves softmax as it is. */
const below = (x: Tensor, over: readonly number[]): Tensor => sub(x, detach(max(x, over, { keepDims: true })));

/**
 * e^x / Σ e^x along `axes` (the last by default).
 *
 *     await softmax(gpu.tensor([0, 0])).read(); // 0.5, 0.5
 */
export function softmax(input: Tensor, axes: Axes = -1): Tensor<"f32"> {
  const x = floats("softmax", input);
  const over = axesOf("softmax", x.rank, axes);
  if (x.size === 0) return exp(x);
  const e = exp(below(x, over));
  return div(e, sum(e, over, { keepDims: true }));
}

/**
 * log softmax(x) along `axes` (the last by default), as (x − max x) − log Σ e^(x − max x): small differences of large numbers
 * keep their digits.
 *
 *     await logSoftmax(gpu.tensor([0, 0])).read(); // -0.6931, -0.6931
 */
export function logSoftmax(input: Tensor, axes: Axes = -1): Tensor<"f32"> {
  const x = floats("logSoftmax", input);
  const over = axesOf("logSoftmax", x.rank, axes);
  if (x.size === 0) return exp(x);
  const shifted = below(x, over);
  return sub(shifted, log(sum(exp(shifted), over, { keepDims: true })));
}
