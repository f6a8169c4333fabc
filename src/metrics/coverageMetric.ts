import { eachBatch, type Rows } from "../data/rows.ts";
import { above, inside, optional } from "../formats/options.ts";
import { logDensities } from "./kde.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, median, shareLimits, quantile } from "./statistics.ts";

/** What coverageMetric may be asked for. */
export interface CoverageMetricOptions {
  /** Width of the Gaussian kernels; the median distance of consecutive generated rows. */
  readonly bandwidth?: number;
  /** The generated mass that the region holds; 0.95. */
  readonly mass?: number;
}

/** The parts of the coverage metric. */
export interface CoverageMetric {
  /** log-density that bounds the region. */
  readonly threshold: number;
  /** The same metric, the region drawn without each row's own kernel. */
  readonly valueLeaveOneOut: number;
  /** Mean log-density of the real rows, in nats. */
  readonly meanLogLikelihood: number;
  /** The width that was taken. */
  readonly bandwidth: number;
}

/**
 * Coverage metric: the real mass inside the region of highest density that holds `mass` of the generated set, by a Gaussian density estimate on it.
 *
 *     C = mean_i 1[log p̂(R_i) > t],   t the (1 − mass) quantile of log p̂ at the generated rows themselves
 *
 * Each row's own kernel raises t, most of all for copies; the variant without it stands beside. Blind to junk outside the data. The interval is Wilson's, of real rows, with the generated ones as they are.
 * Source: Tolstikhin et al. 2017 (arXiv 1701.02386), which takes the percentile with the own kernel.
 *
 *     const { value } = await coverageMetric(a, b, { bandwidth: 1 });
 */
export const coverageMetric = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  CoverageMetricOptions,
  CoverageMetric
>({
  name: "coverageMetric",
  sets: ["real", "generated"],
  options: { bandwidth: optional(above(0)), mass: inside(0, 1, 0.95) },
  async of(_inputs, { bandwidth, mass }, { where, pair, long, level }) {
    const [real, generated] = pair();
    const width = bandwidth ?? (await stepOf(generated, long.signal));
    const kernel = { kernel: "gaussian", bandwidths: [width] } as const;
    const [atReal] = await logDensities(where, generated, real, kernel, long);
    const [own] = await logDensities(where, generated, generated, kernel, long);
    const [apart] = await logDensities(where, generated, generated, { ...kernel, others: true }, long);
    const above = (at: Float64Array) => {
      const limit = quantile(at.slice().sort(), 1 - mass!);
      return { limit, share: atReal!.reduce((sum, value) => sum + Number(value > limit), 0) / real.count };
    };
    const { limit: threshold, share: value } = above(own!);
    const deviation = Math.sqrt((value * (1 - value)) / real.count);
    const parts = { threshold, valueLeaveOneOut: above(apart!).share, bandwidth: width };
    const meanLogLikelihood = meanAndVariance(atReal!).mean;
    return { value, ...parts, meanLogLikelihood, deviation, interval: shareLimits(value, real.count, level) };
  },
});

/** The median distance of rows that follow one another. */
async function stepOf(rows: Rows, signal?: AbortSignal): Promise<number> {
  const steps: number[] = [];
  await eachBatch(
    rows,
    Math.min(rows.count, 4096),
    async (batch) => {
      const x = await batch.read({ signal });
      const d = rows.dim;
      for (let i = d; i < x.length; i += d) {
        let total = 0;
        for (let c = 0; c < d; c++) total += (x[i + c]! - x[i + c - d]!) ** 2;
        steps.push(Math.sqrt(total));
      }
    },
    signal,
  );
  return steps.length > 0 ? median(steps) : 1;
}
