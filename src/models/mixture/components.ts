import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { exp, log } from "../../graph/ops/elementwise.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { CovarianceFamily, EmState, Maximised, Tensors } from "../covariance/family.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** What densities need of the parameters, worked out once. */
export interface Prepared {
  /** log π_k − ½ (log |Σ_k| + d log 2π): [K] */
  readonly offsets: Tensor;
  /** Of the family. */
  readonly whitening: Tensors;
  /** −1 each, or the pivot or feature at which a covariance is singular: [K], tied [1]. */
  readonly failed: Tensor;
}

/** What densities need of the parameters. */
export function prepare(family: CovarianceFamily, { weights, means, covariances }: Maximised): Prepared {
  const d = means.shape[1]!;
  const { logDet, failed, tensors } = family.whitening(covariances, means);
  return {
    offsets: sub(log(weights), mul(add(logDet, d * LOG_TWO_PI), 0.5)),
    whitening: tensors,
    failed,
  };
}

/** log π_k + log N(x_i; μ_k, Σ_k): [n, K]. */
export const logJoint = (family: CovarianceFamily, x: Tensor, state: EmState & { readonly offsets: Tensor }): Tensor =>
  add(mul(family.squaredDistances(x, state), -0.5), state.offsets);

/** Per row: log p(x) [n], and the responsibility of each component [n, K]. */
export function expected(joint: Tensor): { logProb: Tensor; responsibilities: Tensor } {
  const logProb = logsumexp(joint, 1);
  return { logProb, responsibilities: exp(sub(joint, reshape(logProb, [logProb.size, 1]))) };
}
