import { gpuOf } from "../data/rows.ts";
import { check, named, show } from "../device/errors.ts";
import { add, div, mul, square, sub } from "../graph/ops/arithmetic.ts";
import { detach } from "../graph/ops/detach.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { mean as meanOf, sum } from "../graph/ops/sum.ts";
import { Tensor } from "../graph/tensor.ts";
import { Moments } from "../linalg/moments.ts";
import { towardsUnitary } from "../linalg/polar.ts";
import { semidefiniteFactor } from "../linalg/semidefinite.ts";

/**
 * The Fréchet distance of a batch of features to fixed moments, as a tensor [] that `grad` goes through: a loss for training.
 *
 *     FD = |μ − μ_r|² + |A|² + tr Σ_r − 2 ⟨P, A·Bᵀ⟩,   A = (x − μ)/√(n − 1),  Σ_r = BᵀB,  P the polar factor of A·Bᵀ
 *
 * ⟨P, A·Bᵀ⟩ is the nuclear norm, whose gradient is P·B: so P is held, and ∂FD/∂A = 2A − 2PB. Valid for n − 1 < d where the reference has full
 * rank; where singular values vanish the gradient takes 0 for them. features: [n, d]; within 1e-3 of float64. Records and returns at once, 90·n·d·min(n, d)
 * operations. Biased upwards for small batches, as every Fréchet distance is.
 * Throws LatentError: "argument", "shape". Source: Mathiasen & Hvilshøj 2020 (arXiv 2009.14075).
 *
 *     const loss = frechetLoss(a, await Moments.of(b));
 *     const [slope] = grad(loss, [a]);
 */
export function frechetLoss(features: Tensor, moments: Moments): Tensor {
  const where = "frechetLoss";
  check(features instanceof Tensor, "argument", where, () => `expected features as a tensor; got ${named(features)}.`);
  check(moments instanceof Moments, "argument", where, () => `expected Moments second; got ${named(moments)}.`);
  const [n, d] = features.shape as [number, number];
  check(features.rank === 2 && d === moments.dim && n >= 2, "shape", where, () => {
    return `expected features [n, ${moments.dim}] of at least 2 rows; got ${show(features.shape)}.`;
  });
  const gpu = gpuOf(where, features);
  const { factor, rank, mean, trace } = referenceOf(moments);
  const centre = meanOf(features, 0);
  const a = div(sub(features, centre), Math.sqrt(n - 1));
  const b = gpu.upload(factor, [d, rank]);
  const crossed = matmul(a, b);
  let unitary: Tensor = detach(crossed);
  for (const x of towardsUnitary(unitary)) unitary = x;
  const meanTerm = sum(square(sub(centre, gpu.upload(mean, [d]))));
  const traceTerm = sub(add(sum(square(a)), trace), mul(sum(mul(detach(unitary), crossed)), 2));
  return add(meanTerm, traceTerm);
}

interface Reference {
  /** [d, rank]: Σ_r = factor·factorᵀ. */
  readonly factor: Float32Array<ArrayBuffer>;
  readonly rank: number;
  readonly mean: Float32Array<ArrayBuffer>;
  readonly trace: number;
}

/** Factors of moments that were asked for, as long as these live. */
const references = new WeakMap<Moments, { readonly count: number; readonly reference: Reference }>();

function referenceOf(moments: Moments): Reference {
  const cached = references.get(moments);
  if (cached?.count === moments.count) return cached.reference;
  const { covariance, dim } = moments;
  const { factor, rank } = semidefiniteFactor(covariance, dim, dim * moments.precision);
  let trace = 0;
  for (let i = 0; i < dim; i++) trace += covariance[i * dim + i]!;
  const reference = { factor: Float32Array.from(factor), rank, mean: Float32Array.from(moments.mean), trace };
  references.set(moments, { count: moments.count, reference });
  return reference;
}
