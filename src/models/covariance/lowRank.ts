import { mean } from "../../graph/ops/sum.ts";
import { check } from "../../device/errors.ts";
import { diagonalOf } from "./diagonal.ts";
import type { CovarianceFamily } from "./family.ts";
import { leading, MOST_FEATURES_DENSE } from "./leading.ts";
import { rootsOfLoadings } from "./loadingRoots.ts";
import { ofLoadings } from "./loadings.ts";
import { checkVariances, roundingOf } from "./roots.ts";
import { spreadOver } from "./spherical.ts";

/**
 * Probabilistic PCA, W·Wᵀ + σ²I: loadings [K, d, rank], noise [K]. One Gaussian's is the exact maximum of the likelihood,
 *
 *     σ² = mean of the d − rank smallest eigenvalues,   W = U (Λ − σ²)^½ of the largest
 *
 * Source: Tipping & Bishop, Probabilistic principal component analysis, JRSS B 1999.
 */
export const lowRank: CovarianceFamily = {
  ...ofLoadings({
    noiseOf: spreadOver,
    gathered: (noise) => mean(noise, 1),
    marginal: (noise) => noise,
  }),
  kind: "low-rank",
  parameterCount: (k, d, rank) => k * (d * rank - (rank * (rank - 1)) / 2 + 1),
  shapes: (k, d, rank) => ({ loadings: [k, d, rank], noise: [k] }),
  needsProducts: (d) => d <= MOST_FEATURES_DENSE,
  async estimate(evidence) {
    const { where, sums, divisor, rank, regularization, origin } = evidence;
    const d = sums.mean.length;
    check(rank < d, "argument", where, () => `expected a rank below the ${d} features; got ${rank}.`);
    const { values, vectors } = await leading(evidence);
    const total = diagonalOf(sums.products, d).reduce((sum, value) => sum + value / divisor, 0);
    const noise = (total - values.reduce((sum, value) => sum + value, 0)) / (d - rank);
    const rounding = sums.mean.reduce((sum, _, i) => sum + roundingOf(origin, total / d, i), 0) / d;
    checkVariances(where, [noise + regularization], {
      name: () => `beyond ${rank} directions the rows have no variance: the noise is`,
      // eigenvalues in float64 are known to so much of the largest
      least: () => Math.max(rounding, 8 * 2 ** -53 * values[0]!),
      remedy: `Choose a rank below ${rank}, or set regularization.`,
    });
    const loadings = new Float64Array(d * rank);
    for (let k = 0; k < rank; k++) {
      const length = Math.sqrt(Math.max(0, values[k]! - noise));
      for (let i = 0; i < d; i++) loadings[i * rank + k] = length * vectors[k * d + i]!;
    }
    return { loadings, noise: Float64Array.of(noise + regularization) };
  },
  roots(where, gpu, { loadings, noise }, d) {
    checkVariances(where, noise!, { name: () => "the noise is" });
    // as the tensors hold them, so that a file brings the same model back
    return rootsOfLoadings(gpu, loadings!.map(Math.fround), new Float64Array(d).fill(Math.fround(noise![0]!)));
  },
};
