import { check, checkOptions } from "../device/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkCall, type LongCall } from "../formats/call.ts";
import { rowsOf, type Samples } from "../data/rows.ts";

/** What can say how likely samples are: any model with a density. */
export interface Density {
  /** Mean log-density of the samples, in nats. */
  score(samples: Samples, options?: LongCall): Promise<number>;
}

/** A log-likelihood in its usual units, and what it rests on. */
export interface LogLikelihood {
  /** Mean log-density per sample, in nats, of the samples in the units that they came in. */
  readonly nats: number;
  /** −log₂ of the density of one value, as of a pixel that runs from 0 to 255: the bits per dimension of tables. */
  readonly bitsPerDim: number;
  /** Samples that were judged. */
  readonly samples: number;
  /** Elements of one sample. */
  readonly dim: number;
  /** What one step of an 8-bit pixel is in the samples' units: 1/255 for pixels from 0 to 1. */
  readonly scale: number;
}

/**
 * Mean log-likelihood of test samples under a model, with the pixel scale that its number depends on: a density per pixel in
 * [0, 1] is 255 times the density per grey level. Densities of pixels that are not dequantised are comparable with one
 * another only. A single number in nats says nothing without `scale` and `samples`, so they come along.
 *
 * scale: what one grey level is in the samples' units; 1/255.
 *
 *     const { nats, bitsPerDim } = await logLikelihood(await Gaussian.fit(a), b);
 */
export async function logLikelihood(
  model: Density,
  samples: Samples | Dataset,
  options: LongCall & { readonly scale?: number } = {},
): Promise<LogLikelihood> {
  const where = "logLikelihood";
  checkOptions(where, options, ["scale", "signal", "onProgress"]);
  checkCall(where, options);
  check(
    typeof model?.score === "function",
    "argument",
    where,
    () =>
      `expected a model with a density first: a Gaussian, a GaussianMixture or an object with score(samples); got ${typeof model}.`,
  );
  const { scale = 1 / 255, ...rest } = options;
  check(Number.isFinite(scale) && scale > 0, "argument", where, () => `expected a scale > 0; got ${scale}.`);
  const { count, dim } = rowsOf(where, samples);
  const nats = await model.score(samples, rest);
  return { nats, bitsPerDim: bitsPerDim(nats, dim, scale), samples: count, dim, scale };
}

/**
 * −log₂ p per value, after a change to units in which `scale` is 1:  −(nats + d · log scale) / (d · log 2).
 *
 *     bitsPerDim(1500, 784, 255);
 */
export const bitsPerDim = (nats: number, dim: number, scale: number): number =>
  -changeScale(nats, dim, scale, 1) / (dim * Math.LN2);

/**
 * A log-density in nats after a change of units: values whose grey level was `from` now have grey levels `to` apart.
 * Stretching by to/from thins the density:  log p′ = log p − d · log(to / from).
 *
 *     changeScale(1500, 784, 1, 255);
 */
export const changeScale = (nats: number, dim: number, from: number, to: number): number =>
  nats - dim * Math.log(to / from);
