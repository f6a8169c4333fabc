import { check, checkOptions, show } from "../device/errors.ts";
import { div, mul, sub } from "../graph/ops/arithmetic.ts";
import { gram } from "../graph/ops/gram.ts";
import { reshape } from "../graph/ops/shape.ts";
import { mean as meanOf, sum } from "../graph/ops/sum.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";

/** What covariance may be asked for. */
export interface CovarianceOptions {
  /** Subtracted from the number of rows (from Σ weights) in the divisor; 1. */
  readonly ddof?: number;
  /** What deviations are taken from, [d]; the rows' own mean without it. */
  readonly mean?: Tensor;
  /** How much each row counts, [n]; 1 without it. */
  readonly weights?: Tensor;
}

/**
 * Covariance of the columns of x [n, d]:  Σ_i w_i (x_i − m)(x_i − m)ᵀ / (Σ w − ddof). Returns [d, d], exactly symmetric.
 *
 * Rows are centred by a first estimate of the mean before anything is multiplied, and what the estimate missed is taken
 * off afterwards, so that a large offset costs no accuracy. Throws LatentError("shape") unless n > ddof.
 *
 *     await linalg.covariance(gpu.tensor([[1, 2], [3, 6]])).read(); // 2, 4, 4, 8
 */
export function covariance(x: Tensor, options: CovarianceOptions = {}): Tensor {
  const where = "linalg.covariance";
  checkOptions(where, options, ["ddof", "mean", "weights"]);
  const { ddof = 1, mean, weights } = options;
  checkFloat(where, x);
  check(x.rank === 2, "shape", where, () => `expected rows [n, d]; got ${show(x.shape)}.`);
  const [n, d] = x.shape as [number, number];
  check(n > ddof, "shape", where, () => `too few rows. Expected more than ddof = ${ddof}; got ${n}.`);
  if (mean)
    check(
      mean.rank === 1 && mean.shape[0] === d,
      "shape",
      where,
      () => `expected a mean [${d}]; got ${show(mean.shape)}.`,
    );
  if (weights)
    check(
      weights.rank === 1 && weights.shape[0] === n,
      "shape",
      where,
      () => `expected weights [${n}]; got ${show(weights.shape)}.`,
    );
  const column = weights && reshape(weights, [n, 1]);
  const total = weights ? sum(weights) : n;
  const origin = mean ?? meanOf(x, 0);
  const products = scatter(x, origin, column);
  const divisor = weights ? sub(total as Tensor, ddof) : n - ddof;
  if (mean) return div(products, divisor);
  const meanShift = deviation(x, origin, column);
  const missed = mul(reshape(meanShift, [d, 1]), reshape(meanShift, [1, d]));
  return div(sub(products, div(missed, total)), divisor);
}

/** Σ_i w_i (x_i − m), which is small where m is near the mean. [d] */
export function deviation(x: Tensor, origin: Tensor, weights?: Tensor): Tensor {
  const centred = sub(x, origin);
  return sum(weights ? mul(centred, weights) : centred, 0);
}

/** Σ_i w_i (x_i − m)(x_i − m)ᵀ, [d, d], of which half is computed. x: [n, d], origin: [d], share: [n, 1]. */
export function scatter(x: Tensor, origin: Tensor, weights?: Tensor): Tensor {
  const centred = sub(x, origin);
  return gram(weights ? mul(centred, weights) : centred, centred);
}
