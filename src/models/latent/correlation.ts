import { add, sub } from "../../graph/ops/arithmetic.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Prior } from "./distribution.ts";
import { type Normal, normalTerms } from "./normal.ts";

/** How log q(z) of the whole training set is estimated from one batch. */
export type Estimator = "stratified" | "weighted";

/**
 * log w [batch, batch], where Σ_j w_ij·q(z|x_j) estimates q(z) over `count` training images, x_i among the batch.
 *
 * "weighted": 1/(count·batch) everywhere. "stratified", with M = batch − 1: 1/count on the diagonal, (count − M)/(count·M) on
 * the next column, 1/M elsewhere, so that rows add up to 1. Source: Chen et al. 2018, appendix C.
 */
export function logImportance(batch: number, count: number, estimator: Estimator): Float32Array<ArrayBuffer> {
  if (estimator === "weighted") return new Float32Array(batch * batch).fill(-Math.log(count * batch));
  const others = batch - 1;
  if (others === 0) return new Float32Array(1);
  const weights = new Float32Array(batch * batch).fill(-Math.log(others));
  for (let i = 0; i < batch; i++) {
    weights[i * batch + ((i + 1) % batch)] = Math.log(Math.max(count - others, 1) / (count * others));
    weights[i * batch + i] = -Math.log(count);
  }
  return weights;
}

/**
 * The parts of KL(q(z|x) ‖ p(z)), at a code z [n, latent] of each image and averaged over the batch, each [] in nats:
 *
 *     mutualInformation = E[log q(z|x) − log q(z)],   totalCorrelation = E[log q(z) − Σ_d log q(z_d)],
 *     dimensionWiseKl   = E[Σ_d log q(z_d) − log p(z)]
 *
 * They add up to the mean of log q(z|x) − log p(z), whatever the weights. Source: Chen et al. 2018.
 */
export function decomposeKl(q: Normal, z: Tensor, prior: Prior, count: number, estimator: Estimator) {
  const [n, latent] = z.shape as [number, number];
  const one = [1, n, latent];
  // log q(z_id | x_j): [i, j, d]
  const pairs = normalTerms(reshape(z, [n, 1, latent]), reshape(q.mean, one), reshape(q.logVar, one));
  const weights = z.gpu.upload(logImportance(n, count, estimator), [n, n]);
  const joint = logsumexp(add(sum(pairs, 2), weights), 1);
  const product = sum(logsumexp(add(pairs, reshape(weights, [n, n, 1])), 1), 1);
  return {
    mutualInformation: mean(sub(q.logProb(z), joint)),
    totalCorrelation: mean(sub(joint, product)),
    dimensionWiseKl: mean(sub(product, prior.logProb(z))),
  };
}
