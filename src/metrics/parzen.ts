import { permutation } from "../data/philox.ts";
import { gpuOf, type Rows, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { gather } from "../graph/ops/gather.ts";
import { STREAMS } from "./bootstrap.ts";
import { type DensityKernel, KERNELS, logDensities } from "./kde.ts";
import { type Context, defineMeasure } from "./measure.ts";
import { above, either, oneOf } from "./options.ts";
import { type SampleSet, wholeOf } from "./sets.ts";
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

/** Widths that validation chooses from, and rows that it sets apart at most. */
const WIDTHS = Array.from({ length: 10 }, (_, i) => 10 ** (-1 + i / 9));
const VALIDATION = 1000;

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
    bandwidth: either(
      above(0, undefined),
      (value) => typeof value === "number",
      oneOf(["validation", "scott", "silverman"], "validation"),
    ),
    kernel: oneOf(KERNELS, "gaussian"),
  },
  random: true,
  async of(_inputs, { bandwidth, kernel }, context) {
    const { where, level, long } = context;
    const [samples, x] = context.pair("samples", "x");
    const [n, d] = [samples.count, samples.dim];
    const width =
      typeof bandwidth === "number"
        ? bandwidth
        : bandwidth === "validation"
          ? await validated(samples, kernel!, context)
          : (bandwidth === "scott" ? n : (n * (d + 2)) / 4) ** (-1 / (d + 4));
    const [logs] = await logDensities(where, samples, x, { kernel: kernel!, bandwidths: [width] }, long);
    const { mean: value, variance } = meanAndVariance(logs!);
    const deviation = Math.sqrt(variance / x.count);
    const certain = Number.isFinite(value) ? { deviation, interval: normalInterval(value, deviation, level) } : {};
    return { value, ...certain, bandwidth: width, logDensities: logs! };
  },
});

/** The width under which rows that were set apart are likeliest. */
async function validated(samples: Rows, kernel: DensityKernel, { where, seed, long }: Context): Promise<number> {
  const apart = Math.min(VALIDATION, Math.floor(samples.count / 10));
  check(apart >= 1, "data", where, () => {
    return `validation needs at least 10 samples; got ${samples.count}. Give a bandwidth.`;
  });
  const order = permutation(samples.count, { seed, stream: STREAMS.split });
  const { x, owned } = await wholeOf(samples);
  const gpu = gpuOf(where, x);
  const parts = [order.slice(0, apart), order.slice(apart)].map((rows) =>
    gpu.within(() => gather(x, gpu.tensor(rows.sort()))),
  );
  try {
    const [held, rest] = parts.map((part) => rowsOf(where, part)) as [Rows, Rows];
    const all = await logDensities(where, rest, held, { kernel, bandwidths: WIDTHS }, long);
    const means = all.map((logs) => meanAndVariance(logs).mean);
    const best = Math.max(...means);
    return WIDTHS[best === -Infinity ? WIDTHS.length - 1 : means.indexOf(best)]!;
  } finally {
    for (const part of parts) part.dispose();
    if (owned) x.dispose();
  }
}
