import { add, div, maximum, mul, sqrt, square, sub } from "../../graph/ops/arithmetic.ts";
import { log } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { random } from "../../graph/ops/random.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { concat } from "../../graph/ops/part.ts";
import { slice } from "../../graph/ops/slice.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cholesky, inverseOfFactor, logdetOfFactor } from "../../linalg/cholesky.ts";
import { identity, onDiagonal, swap } from "../../linalg/matrix.ts";
import { checkedVariances, columnMoments } from "./diagonal.ts";
import type { CovarianceFamily, EmState, Statistics } from "./family.ts";
import { incompleteOfLoadings, momentsOfLoadings } from "./missing.ts";
import { differences, updatedMeans } from "./stack.ts";

/**
 * Covariances W·Wᵀ + Ψ of loadings W [K, d, rank] and diagonal noise Ψ, never as matrices [d, d]: with M = I + WᵀΨ⁻¹W,
 *
 *     log |Σ| = log |Ψ| + log |M|                               determinant lemma
 *     cᵀΣ⁻¹c  = (c − W·z)ᵀ Ψ⁻¹ (c − W·z) + zᵀz,  z = M⁻¹WᵀΨ⁻¹c     Woodbury, as a sum of squares: nothing cancels
 *
 * and an M step of the EM of Rubin & Thayer 1982 (Tipping & Bishop 1999 where all noise is alike), in O(n · d · rank).
 */
export interface Noise {
  /** Noise of K covariances as [K, d]. */
  noiseOf(noise: Tensor, d: number): Tensor;
  /** What is kept of noise [K, d]. */
  gathered(noise: Tensor): Tensor;
  /** Of some of the features. */
  marginal(noise: Tensor, indices: Tensor): Tensor;
}

/** (w / ψ) of W [K, d, rank] and ψ [K, d], and I + WᵀΨ⁻¹W. */
function scaled(loadings: Tensor, noise: Tensor): { byNoise: Tensor; inverse: Tensor; factor: Tensor } {
  const byNoise = div(loadings, reshape(noise, [...noise.shape, 1]));
  const [k, , rank] = loadings.shape as [number, number, number];
  const { factor } = cholesky(add(matmul(swap(loadings), byNoise), identity(loadings.gpu, rank, [k])));
  return { byNoise, factor, inverse: inverseOfFactor(factor) };
}

/** x·(l·lᵀ)⁻¹ given l⁻¹. */
const timesInverse = (x: Tensor, inverse: Tensor): Tensor => matmul(matmul(x, swap(inverse)), inverse);

/** Moments S·B of the covariance around the new means, and its diagonal, out of sums around the old ones. */
function centredMoments(
  { second }: Statistics,
  { column, shift }: { column: Tensor; shift: Tensor },
  projections: Tensor,
) {
  const [k, d, rank] = projections.shape as [number, number, number];
  const divided = div(second, reshape(column, [k, 1, 1]));
  const along = matmul(reshape(shift, [k, 1, d]), projections);
  return {
    projected: sub(slice(divided, 2, 0, rank), mul(reshape(shift, [k, d, 1]), along)),
    variances: maximum(sub(reshape(slice(divided, 2, rank, rank + 1), [k, d]), square(shift)), 0),
  };
}

/** Starting noise is at least this part of the mean variance, so that the first steps divide by no rounding. */
const LEAST_NOISE = 1e-2;

/** The functions of a stack that both families of loadings share. */
export function ofLoadings({
  noiseOf,
  gathered,
  marginal,
}: Noise): Omit<CovarianceFamily, "kind" | "parameterCount" | "shapes"> {
  const probes = (state: EmState): Tensor => state.whitening["projections"]!;
  return {
    ranked: true,
    keepsDifferences: true,
    whiteningShapes: (k, d, rank) => ({ precisions: [k, d], projections: [k, d, rank], posteriors: [k, rank, rank] }),
    secondShape: (k, d, rank) => [k, d, rank + 1],
    whitening({ loadings, noise }, means) {
      const { failed, safe } = checkedVariances(noiseOf(noise!, means.shape[1]!), means);
      const { byNoise, factor, inverse } = scaled(loadings!, safe);
      return {
        logDet: add(sum(log(safe), 1), logdetOfFactor(factor)),
        failed,
        tensors: {
          precisions: div(1, safe),
          projections: timesInverse(byNoise, inverse),
          posteriors: matmul(swap(inverse), inverse),
        },
      };
    },
    squaredDistances(x, { means, covariances, whitening }) {
      const [k, d] = means.shape as [number, number];
      const centred = differences(x, means);
      const codes = matmul(centred, whitening["projections"]!);
      const rest = sub(centred, matmul(codes, swap(covariances["loadings"]!)));
      const noise = sum(mul(square(rest), reshape(whitening["precisions"]!, [k, 1, d])), 2);
      return transpose(add(noise, sum(square(codes), 2)));
    },
    statistics(x, responsibilities, state) {
      const { n, first, second } = columnMoments(x, responsibilities, state.means);
      const [k, d] = state.means.shape as [number, number];
      const centred = differences(x, state.means);
      const weights = reshape(transpose(responsibilities), [k, x.shape[0]!, 1]);
      const projected = matmul(swap(centred), mul(matmul(centred, probes(state)), weights));
      return { n, first, second: concat([projected, reshape(second, [k, d, 1])], 2) };
    },
    incomplete: (x, state) =>
      incompleteOfLoadings(x, state, noiseOf(state.covariances["noise"]!, state.means.shape[1]!)),
    moments(state, regularization) {
      const noise = noiseOf(state.covariances["noise"]!, state.means.shape[1]!);
      return mul(momentsOfLoadings(state, sub(noise, regularization)), reshape(state.weights, [-1, 1, 1]));
    },
    maximise(statistics, state, regularization) {
      const next = updatedMeans(statistics, state.means);
      const { projected, variances } = centredMoments(statistics, next, probes(state));
      const codes = add(matmul(swap(probes(state)), projected), state.whitening["posteriors"]!);
      const loadings = timesInverse(projected, inverseOfFactor(cholesky(codes).factor));
      const noise = maximum(sub(variances, sum(mul(loadings, projected), 2)), 0);
      const covariances = { loadings, noise: add(gathered(noise), regularization) };
      return { weights: next.weights, means: next.means, covariances };
    },
    first: {
      // S·B of random directions B spans where S is large, and S·B·(BᵀSB)⁻¹·(S·B)ᵀ is never above S
      probe: (gpu, shapes) => ({
        projections: random.normal(gpu, shapes["projections"]!, { seed: 0 }),
      }),
      maximise(statistics, state, regularization) {
        const next = updatedMeans(statistics, state.means);
        const { projected, variances } = centredMoments(statistics, next, probes(state));
        const inner = matmul(swap(probes(state)), projected);
        const [k, rank] = inner.shape as [number, number, number];
        const level = mean(variances, 1, { keepDims: true });
        const ridge = mul(identity(inner.gpu, rank, [k]), reshape(add(mul(level, 1e-3), 1e-30), [k, 1, 1]));
        const loadings = matmul(projected, swap(inverseOfFactor(cholesky(add(inner, ridge)).factor)));
        const noise = maximum(sub(variances, sum(square(loadings), 2)), mul(level, LEAST_NOISE));
        const covariances = { loadings, noise: add(gathered(noise), regularization) };
        return { weights: next.weights, means: next.means, covariances };
      },
    },
    colour({ loadings, noise }, { noise: normal, labels, timesOwn, features }) {
      const codes = normal(loadings!.shape[2]!, "directions");
      const structured = timesOwn(codes, loadings!, (rows, own) => matmul(rows, transpose(own)));
      const variances = gather(noiseOf(noise!, features), labels);
      return add(structured, mul(normal(features), sqrt(variances)));
    },
    dense: ({ loadings, noise }, d) => add(matmul(loadings!, swap(loadings!)), onDiagonal(noiseOf(noise!, d))),
    marginal: ({ loadings, noise }, indices) => ({
      loadings: gather(loadings!, indices, { axis: 1 }),
      noise: marginal(noise!, indices),
    }),
    condition({ loadings, noise }, observed, hidden, centred) {
      const observedNoise = noiseOf(marginal(noise!, observed), observed.size);
      const { byNoise, inverse } = scaled(gather(loadings!, observed, { axis: 1 }), observedNoise);
      const unseen = gather(loadings!, hidden, { axis: 1 });
      const codes = matmul(centred, timesInverse(byNoise, inverse));
      return {
        shift: matmul(codes, swap(unseen)),
        covariances: { loadings: matmul(unseen, swap(inverse)), noise: marginal(noise!, hidden) },
      };
    },
  };
}
