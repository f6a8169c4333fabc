import { bandwidthOf } from "./bandwidth.ts";
import { isNumber, oneOf, option } from "../formats/options.ts";
import { logDensities } from "./kde.ts";
import { type DensityKernel, KERNELS } from "../models/kernelDensity/kernels.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What parzen may be asked for. */
export interface ParzenOptions {
  /** Width of the kernels in the samples' units, or how to find it; "validation". */
  readonly bandwidth?: number | "validation" | "scott" | "silverman";
  /** By scikit-learn's names; "gaussian". */
  readonly kernel?: DensityKernel;
}

/** The parts of a Parzen estimate. */
export interface Parzen {
  /** The width that was taken. */
  readonly bandwidth: number;
  /** log p̂ of each row of x, in nats. */
  readonly logDensities: Float64Array;
}

const rules: readonly unknown[] = ["validation", "scott", "silverman"];

/**
 * Parzen window (kernel density) estimate: mean log p̂(x) in nats, p̂ a mixture of one kernel at each sample, all of one width.
 *
 *     gaussian   log p̂(x) = logsumexp_i(−|x − s_i|²/2h²) − log N − d log(h √2π)
 *
 * "scott" N^(−1/(d+4)), "silverman" (N(d+2)/4)^(−1/(d+4)), as in scikit-learn: not scaled by the data. "validation" takes the best of ten widths
 * from 0.1 to 1 on a tenth of the samples (1000 at most) that it sets apart. In high dimensions it ranks k-means centres above true data (Theis et al. 2016): report it,
 * do not rank by it. Kernels that end have −∞ where no sample is near. Any N × M, in blocks. Source: Breuleux et al. 2011, goodfeli/adversarial parzen_ll.py.
 *
 *     const { value, bandwidth } = await parzen(a, b, { bandwidth: 0.2 });
 */
export const parzen = /* @__PURE__ */ defineMeasure<[samples: SampleSet, x: SampleSet], ParzenOptions, Parzen>({
  name: "parzen",
  sets: ["samples", "x"],
  options: {
    bandwidth: option("validation", 'as a number > 0, "validation", "scott" or "silverman"', (value) =>
      isNumber(value) ? value > 0 : rules.includes(value),
    ),
    kernel: oneOf(...KERNELS),
  },
  async of(_inputs, { bandwidth, kernel }, context) {
    const { where, level, long } = context;
    const [samples, x] = context.pair("samples", "x");
    const width = await bandwidthOf(bandwidth!, samples, kernel!, context);
    const [logs] = await logDensities(where, samples, x, { kernel: kernel!, bandwidths: [width] }, long);
    const { mean: value, variance } = meanAndVariance(logs!);
    const deviation = Math.sqrt(variance / x.count);
    const certain = Number.isFinite(value) ? { deviation, interval: normalInterval(value, deviation, level) } : {};
    return { value, ...certain, bandwidth: width, logDensities: logs! };
  },
});
