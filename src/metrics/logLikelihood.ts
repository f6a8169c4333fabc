import { eachBatch, gpuOf, rowsAtOnce, throwNotFinite } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { type LongCall, progressOf } from "../formats/call.ts";
import type { Samples } from "../data/rows.ts";
import { above } from "../formats/options.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Context, defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What can say how likely samples are: any model with a density. */
export interface Density {
  /** Mean log-density of the samples, in nats. */
  score(samples: Samples, options?: LongCall): Promise<number>;
  /** Log-density of each row [n], in nats; with it the score comes with an interval. */
  logProb?(x: Tensor): Tensor;
}

/** What logLikelihood may be asked for. */
export interface LogLikelihoodOptions {
  /** What one step of an 8-bit pixel is in the samples' units: 1/255, for pixels from 0 to 1. */
  readonly scale?: number;
}

/** The parts of a log-likelihood. */
export interface LogLikelihood {
  /** −log₂ of the density of one value, as of a pixel that runs from 0 to 255: the bits per dimension of tables. */
  readonly bitsPerDim: number;
  /** Elements of one sample. */
  readonly dim: number;
  /** What one step of an 8-bit pixel is in the samples' units. */
  readonly scale: number;
}

/**
 * Mean log-likelihood per test sample under a model, in nats, with the pixel scale that its number depends on: a density per pixel in
 * [0, 1] is 255 times the density per grey level. Densities of pixels that are not dequantised are comparable with one
 * another only. It punishes missing modes hard, and hardly sees fidelity: a mixture with 99 % noise loses log 100 = 4.6 nats.
 * The interval is the mean's, ± z·s/√n. Source: Theis, van den Oord & Bethge 2016.
 *
 *     const { value, bitsPerDim } = await logLikelihood(await Gaussian.fit(a), b);
 */
export const logLikelihood = /* @__PURE__ */ defineMeasure<
  [model: Density, x: SampleSet],
  LogLikelihoodOptions,
  LogLikelihood
>({
  name: "logLikelihood",
  sets: ["model", "x"],
  options: { scale: above(0, 1 / 255) },
  async of(inputs, options, context) {
    const { where, level, long } = context;
    const model = inputs.model as Density;
    check(typeof model?.score === "function", "argument", where, () => {
      return `expected a model with a density first: a Gaussian, a GaussianMixture or an object with score(samples); got ${typeof model}.`;
    });
    const rows = context.rows("x");
    const scale = options.scale!;
    const parts = (nats: number) => ({ bitsPerDim: bitsPerDim(nats, rows.dim, scale), dim: rows.dim, scale });
    if (typeof model.logProb !== "function") {
      const value = await model.score(rows, long);
      return { value, ...parts(value) };
    }
    const { mean: value, variance } = meanAndVariance(await logProbs((x) => model.logProb!(x), context, "x"));
    const deviation = Math.sqrt(variance / rows.count);
    return { value, ...parts(value), deviation, interval: normalInterval(value, deviation, level) };
  },
});

/** Log-densities of all rows of a set, read. Throws LatentError("data") on a row that is not finite. */
export async function logProbs(
  logProb: (x: Tensor) => Tensor,
  { where, rows, long: { signal, onProgress } }: Context,
  set: string,
): Promise<Float64Array> {
  const source = rows(set);
  const values = new Float64Array(source.count);
  const began = performance.now();
  // mixtures of full covariances make several copies of a batch
  const size = rowsAtOnce(source.dim, 8);
  await eachBatch(
    source,
    size,
    async (batch, start) => {
      const recorded = gpuOf(where, batch).within(() => logProb(batch));
      const read = (await recorded.read({ signal }).finally(() => recorded.dispose())) as Float32Array;
      if (
        !read.every(Number.isFinite) &&
        (await batch.read({ signal })).some((value: number) => !Number.isFinite(value))
      )
        await throwNotFinite(where, batch, start);
      values.set(read, start);
      onProgress?.(progressOf(began, Math.min(source.count, start + size), source.count));
    },
    signal,
  );
  return values;
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
