import type { Samples } from "../data/rows.ts";
import { above } from "../formats/options.ts";
import { Gaussian } from "../models/gaussian/gaussian.ts";
import { bitsPerDim, logProbs } from "./logLikelihood.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What gaussianFit may be asked for. */
export interface GaussianFitOptions {
  /** Added to the diagonal of the covariance; 1e-6. */
  readonly regularization?: number;
  /** What one grey level is in the samples' units; 1/255. */
  readonly scale?: number;
}

/** The parts of a Gaussian's likelihood. */
export interface GaussianFit {
  /** Bits per dimension. */
  readonly bitsPerDim: number;
  /** Elements of one sample. */
  readonly dim: number;
  /** What one grey level is in the samples' units. */
  readonly scale: number;
  /** Added to the diagonal of the covariance. */
  readonly regularization: number;
}

/**
 * Mean log-density in nats of test rows under one Gaussian fitted to samples: what some call a kernel density estimate, and is not one (see `parzen`). Sees first and second moments.
 *
 *     const { value } = await gaussianFit(a, b);
 */
export const gaussianFit = /* @__PURE__ */ defineMeasure<
  [samples: SampleSet, x: SampleSet],
  GaussianFitOptions,
  GaussianFit
>({
  name: "gaussianFit",
  sets: ["samples", "x"],
  options: { regularization: above(0, 1e-6), scale: above(0, 1 / 255) },
  async of(_inputs, { regularization, scale }, context) {
    const [samples, x] = context.pair("samples", "x");
    const { signal } = context.long;
    const gaussian = await Gaussian.fit(samples as Samples, {
      regularization: regularization!,
      signal,
    });
    try {
      const { mean: value, variance } = meanAndVariance(await logProbs((rows) => gaussian.logProb(rows), context, "x"));
      const deviation = Math.sqrt(variance / x.count);
      const parts = {
        bitsPerDim: bitsPerDim(value, x.dim, scale!),
        dim: x.dim,
        scale: scale!,
        regularization: regularization!,
      };
      return { value, ...parts, deviation, interval: normalInterval(value, deviation, context.level) };
    } finally {
      gaussian.dispose();
    }
  },
});
