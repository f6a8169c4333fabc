import { check } from "../../device/errors.ts";
import { gather } from "../../graph/ops/gather.ts";
import { factorAnalysis } from "./factorAnalysis.ts";
import type { CovarianceFamily } from "./family.ts";
import { rootsOfLoadings } from "./loadingRoots.ts";
import { ofLoadings } from "./loadings.ts";
import { MOST_FEATURES_DENSE } from "./leading.ts";
import { checkVariances } from "./roots.ts";

/**
 * A factor analyser, W·Wᵀ + Ψ with noise of its own for each feature: loadings [K, d, rank], noise [K, d].
 * Source: Rubin & Thayer, EM algorithms for ML factor analysis, Psychometrika 1982.
 */
export const factor: CovarianceFamily = {
  ...ofLoadings({
    noiseOf: (noise) => noise,
    gathered: (noise) => noise,
    marginal: (noise, indices) => gather(noise, indices, { axis: 1 }),
  }),
  kind: "factor",
  parameterCount: (k, d, rank) => k * (d * rank - (rank * (rank - 1)) / 2 + d),
  shapes: (k, d, rank) => ({ loadings: [k, d, rank], noise: [k, d] }),
  needsProducts: (d) => d <= MOST_FEATURES_DENSE,
  async estimate({ where, sums, divisor, rank, regularization, signal, warn }) {
    const d = sums.mean.length;
    check(rank < d, "argument", where, () => `expected a rank below the ${d} features; got ${rank}.`);
    const covariance = sums.products.map((value) => value / divisor);
    checkVariances(
      where,
      Float64Array.from({ length: d }, (_, i) => covariance[i * d + i]! + regularization),
    );
    const { loadings, noise, converged } = await factorAnalysis(covariance, d, rank, signal);
    if (!converged)
      warn(
        `${where}: the likelihood still grew after 6000 steps, towards noise of 0. Lower rank, or set regularization.`,
      );
    return { loadings, noise: noise.map((value) => value + regularization) };
  },
  roots(where, gpu, { loadings, noise }) {
    checkVariances(where, noise!);
    // as the tensors hold them, so that a file brings the same model back
    return rootsOfLoadings(gpu, loadings!.map(Math.fround), noise!.map(Math.fround));
  },
};
