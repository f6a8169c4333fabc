import { checkOptions } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import { axesOf } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, sub, where } from "./arithmetic.ts";
import { detach } from "./detach.ts";
import { exp, isFinite, log } from "./elementwise.ts";
import { reshape } from "./shape.ts";
import { max, type ReduceOptions, sum, type Axes } from "./sum.ts";

/**
 * log Σ e^x over `axes` (all by default), with the maximum taken out first, so that nothing overflows.
 *
 *     await logsumexp(gpu.tensor([0, 0])).item(); // 0.6931
 */
export function logsumexp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"f32"> {
  checkTensor("logsumexp", x);
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
export function softmax(x: Tensor, axes: Axes = -1): Tensor<"f32"> {
  checkTensor("softmax", x);
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
export function logSoftmax(x: Tensor, axes: Axes = -1): Tensor<"f32"> {
  checkTensor("logSoftmax", x);
  const over = axesOf("logSoftmax", x.rank, axes);
  if (x.size === 0) return exp(x);
  const shifted = below(x, over);
  return sub(shifted, log(sum(exp(shifted), over, { keepDims: true })));
}
