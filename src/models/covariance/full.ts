import { add, div, mul, sqrt, sub } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { gather } from "../../graph/ops/gather.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cholesky, inverseOfFactor, logdetOfFactor } from "../../linalg/cholesky.ts";
import { identity, swap } from "../../linalg/matrix.ts";
import { timesTransposedFactor } from "../../linalg/triangular.ts";
import type { CovarianceFamily, Whitening } from "./family.ts";
import { incompleteOfMatrices } from "./missing.ts";
import { rootsOf } from "./roots.ts";
import { regularise } from "./shrinkage.ts";
import { differences, updatedMeans, squaredLengths } from "./stack.ts";

/** Inverse factors of matrices [..., d, d]; `stack` of them. */
export function whitenMatrices(matrices: Tensor, stack: number): Whitening {
  const { factor, failedPivot } = cholesky(matrices);
  return {
    logDet: logdetOfFactor(factor),
    failed: cast(reshape(failedPivot, [stack]), "f32"),
    tensors: { inverseFactors: inverseOfFactor(factor) },
  };
}

/** Rows' deviations and the same times the root of their weights, so that products of these are exactly symmetric. */
export function weighted(x: Tensor, responsibilities: Tensor, means: Tensor) {
  const away = differences(x, means);
  const weights = reshape(transpose(responsibilities), [means.shape[0]!, x.shape[0]!, 1]);
  const rooted = mul(away, sqrt(weights));
  return { n: sum(responsibilities, 0), first: sum(mul(away, weights), 1), rooted };
}

/** shift·shiftᵀ of each component: [K, d, d]. */
export const outer = (shift: Tensor): Tensor => {
  const [k, d] = shift.shape as [number, number];
  return mul(reshape(shift, [k, d, 1]), reshape(shift, [k, 1, d]));
};

/** Rows and columns of matrices [..., d, d]. */
const block = (matrices: Tensor, rows: Tensor, columns: Tensor): Tensor =>
  gather(gather(matrices, rows, { axis: -2 }), columns, { axis: -1 });

/** Any matrix: covariances [K, d, d]. */
export const full: CovarianceFamily = {
  kind: "full",
  ranked: false,
  keepsDifferences: true,
  parameterCount: (k, d) => (k * d * (d + 1)) / 2,
  shapes: (k, d) => ({ covariances: [k, d, d] }),
  whiteningShapes: (k, d) => ({ inverseFactors: [k, d, d] }),
  secondShape: (k, d) => [k, d, d],
  whitening: ({ covariances }, means) => whitenMatrices(covariances!, means.shape[0]!),
  squaredDistances: (x, { means, whitening }) =>
    squaredLengths(matmul(differences(x, means), swap(whitening["inverseFactors"]!))),
  statistics(x, responsibilities, { means }) {
    const { rooted, ...sums } = weighted(x, responsibilities, means);
    return { ...sums, second: matmul(swap(rooted), rooted) };
  },
  incomplete: (x, state) => incompleteOfMatrices(x, state, state.covariances["covariances"]!),
  moments({ covariances, means, weights }, regularization) {
    const ridge = mul(identity(means.gpu, means.shape[1]!), regularization);
    return mul(sub(covariances["covariances"]!, ridge), reshape(weights, [-1, 1, 1]));
  },
  maximise(statistics, { means }, regularization) {
    const { counts, shift, weights, means: next } = updatedMeans(statistics, means);
    const [k, d] = means.shape as [number, number];
    const ridge = mul(identity(means.gpu, d), regularization);
    const covariances = add(sub(div(statistics.second, reshape(counts, [k, 1, 1])), outer(shift)), ridge);
    return { weights, means: next, covariances: { covariances } };
  },
  colour: ({ covariances }, { noise, timesOwn, features }) =>
    timesOwn(noise(features), cholesky(covariances!).factor, timesTransposedFactor),
  dense: ({ covariances }) => covariances!,
  marginal: ({ covariances }, indices) => ({ covariances: block(covariances!, indices, indices) }),
  condition({ covariances }, observed, hidden, centred) {
    // with l·lᵀ = Σ_oo and a = l⁻¹ Σ_oh:  μ_h + aᵀ l⁻¹ c  and  Σ_hh − aᵀ a
    const inverse = inverseOfFactor(cholesky(block(covariances!, observed, observed)).factor);
    const a = matmul(inverse, block(covariances!, observed, hidden));
    return {
      shift: matmul(matmul(centred, swap(inverse)), a),
      covariances: { covariances: sub(block(covariances!, hidden, hidden), matmul(swap(a), a)) },
    };
  },
  needsProducts: () => true,
  estimate({ sums, divisor, shrinkage, regularization }) {
    const covariance = sums.products.map((value) => value / divisor);
    return { covariances: regularise(covariance, sums.mean.length, shrinkage, regularization) };
  },
  roots: (where, gpu, { covariances }, _d, origin, signal) => rootsOf(where, gpu, covariances!, origin, signal),
};
