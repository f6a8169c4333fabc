import { check, checkOptions, show } from "../../device/errors.ts";
import { axesOf } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { detach } from "./detach.ts";
import { exp, log } from "./elementwise.ts";
import { reshape } from "./shape.ts";
import { max, mean, type ReduceOptions, sum } from "./sum.ts";

/**
 * log Σ e^x over `axes` (all by default), with the maximum taken out first, so that nothing overflows.
 *
 *     await logsumexp(gpu.tensor([0, 0])).item(); // 0.6931
 */
export function logsumexp(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor<"f32"> {
  checkOptions("logsumexp", options, ["keepDims"]);
  const over = axesOf("logsumexp", x.rank, axes);
  // of nothing: log 0
  if (x.size === 0) return log(sum(x, over, options));
  const largest = detach(max(x, over, { keepDims: true }));
  const y = add(log(sum(exp(sub(x, largest)), over, { keepDims: true })), largest);
  return options.keepDims
    ? y
    : reshape(
        y,
        x.shape.filter((_, d) => !over.includes(d)),
      );
}

/**
 * e^x / Σ e^x along `axis` (the last by default).
 *
 *     await softmax(gpu.tensor([0, 0])).read(); // 0.5, 0.5
 */
export function softmax(x: Tensor, axis = -1): Tensor<"f32"> {
  const over = axesOf("softmax", x.rank, axis);
  if (x.size === 0) return exp(x);
  const e = exp(sub(x, detach(max(x, over, { keepDims: true }))));
  return div(e, sum(e, over, { keepDims: true }));
}

/**
 * log softmax(x) along `axis` (the last by default).
 *
 *     await logSoftmax(gpu.tensor([0, 0])).read(); // -0.6931, -0.6931
 */
export const logSoftmax = (x: Tensor, axis = -1): Tensor<"f32"> =>
  sub(x, logsumexp(x, axesOf("logSoftmax", x.rank, axis), { keepDims: true }));

/**
 * Mean over the batch of −Σ_c t_c · log softmax(logits)_c, in nats.
 *
 * logits, targets: [batch, classes]; targets are probabilities (one-hot for labels: `oneHot`).
 *
 *     const loss = mean(crossEntropy(logits, probabilities));
 */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor<"f32"> {
  check(
    logits.rank === 2 && show(logits.shape) === show(targets.shape),
    "shape",
    "crossEntropy",
    () =>
      `shapes differ. Expected logits and targets [batch, classes]; got ${show(logits.shape)} and ${show(targets.shape)}. Turn labels into rows with oneHot.`,
  );
  return neg(mean(sum(mul(targets, logSoftmax(logits, 1)), 1)));
}
