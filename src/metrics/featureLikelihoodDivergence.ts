import { gpuOfRows, type Rows } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { numbers, whole } from "../formats/options.ts";
import { slice } from "../graph/ops/slice.ts";
import type { Tensor } from "../graph/tensor.ts";
import { exactRows } from "../linalg/centredSums.ts";
import { permutation } from "../data/philox.ts";
import { STREAMS } from "./bootstrap.ts";
import { fitted, scored, startOf } from "./isotropicMixture.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { valuesOf } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What featureLikelihoodDivergence may be asked for. */
export interface FldOptions {
  /** log σ² of each generated row, instead of fitted ones. */
  readonly logVariances?: ArrayLike<number>;
  /** Steps of Adam of a fit at most; 50. */
  readonly steps?: number;
  /** Rows of each set at most; 10,000. */
  readonly most?: number;
}

/** The parts of a feature likelihood divergence. */
export interface Fld {
  /** −mean log-density of the test rows over d, in nats, in units of the test set's deviations. */
  readonly nllPerDimension: number;
  /** Where the fit starts: log((min_train |·|² + 1e-3)/d). */
  readonly startLogVariances: Float64Array;
  /** The log-variances that were taken. */
  readonly logVariances: Float64Array;
  /** nll/d of the same with the first half of the training rows as centres and the second to fit; absent with given log-variances. */
  readonly baseline?: number | undefined;
}

/**
 * Feature likelihood divergence: 100 · (nll_test/d − baseline) of a mixture of isotropic Gaussians at the generated rows, whose widths are fitted to the training rows: copies get tiny widths and lose test likelihood.
 *
 * Features are standardised by the test set, divisor n − 1. While fitting, one more component stands at the training mean (distances × 0.81, weight 1); it is absent when scoring. Adam at rate 0.5, clamped to ±40, stopped when five losses lie
 * within 5e-4. Lower is better. With `logVariances` the value is nll_test/d itself. Sees fidelity, diversity and copying in one number. Source: Jiralerspong et al. 2023 (arXiv 2302.04440).
 *
 *     const { nllPerDimension } = await featureLikelihoodDivergence(a, b, b, { steps: 5 });
 */
export const featureLikelihoodDivergence = /* @__PURE__ */ defineMeasure<
  [train: SampleSet, test: SampleSet, generated: SampleSet],
  FldOptions,
  Fld
>({
  name: "featureLikelihoodDivergence",
  sets: ["train", "test", "generated"],
  options: { logVariances: numbers(), steps: whole(1, 50), most: whole(2, 10_000) },
  apart: { logVariances: ["steps"] },
  async of(_inputs, { logVariances, steps, most }, context) {
    const { where, seed, level, long } = context;
    const [train, generated] = context.pair("train", "generated");
    const test = context.rows("test");
    const d = train.dim;
    check(test.dim === d, "shape", where, () => `features differ in number. Expected ${d} in test; got ${test.dim}.`);
    const ofTest = await valuesOf(where, test, long.signal);
    const { mean, products } = exactRows(ofTest, d, false);
    const deviations = products.map((value) => Math.sqrt(value / Math.max(1, test.count - 1)) || 1);
    const standard = async (rows: Rows, step: number): Promise<Float32Array<ArrayBuffer>> => {
      const x = rows === test ? ofTest : await valuesOf(where, rows, long.signal);
      const order =
        rows.count > most!
          ? permutation(rows.count, { seed: seed(), stream: STREAMS.subset, step }).slice(0, most)
          : null;
      const count = order ? order.length : rows.count;
      return Float32Array.from({ length: count * d }, (_, at) => {
        const [row, c] = [order ? order[Math.floor(at / d)]! : Math.floor(at / d), at % d];
        return (x[row * d + c]! - mean[c]!) / deviations[c]!;
      });
    };
    const gpu = await gpuOfRows(where, train);
    const owned: Tensor[] = [];
    const upload = (values: Float32Array<ArrayBuffer>): Tensor => {
      const x = gpu.tensor(values, [values.length / d, d]);
      owned.push(x);
      return x;
    };
    try {
      const [x, t, g] = [
        upload(await standard(train, 0)),
        upload(await standard(test, 1)),
        upload(await standard(generated, 2)),
      ];
      const m = g.shape[0]!;
      const start = await startOf(x, g, long.signal);
      const given = logVariances === undefined ? undefined : Float64Array.from(logVariances);
      check(given === undefined || given.length === m, "shape", where, () => {
        return `expected logVariances [${m}], one a generated row; got [${given!.length}].`;
      });
      const taken = given ?? (await fitted(x, g, start, steps!, long.signal));
      const nlls = await scored(t, g, taken, long.signal);
      const { mean: nllPerDimension, variance } = meanAndVariance(nlls);
      const parts = { nllPerDimension, startLogVariances: start, logVariances: taken };
      const error = Math.sqrt(variance / nlls.length);
      if (given)
        return {
          value: nllPerDimension,
          ...parts,
          deviation: error,
          interval: normalInterval(nllPerDimension, error, level),
        };
      const half = Math.floor(x.shape[0]! / 2);
      const [centres, others] = [gpu.within(() => slice(x, 0, 0, half)), gpu.within(() => slice(x, 0, half, 2 * half))];
      owned.push(centres, others);
      const own = await fitted(others, centres, await startOf(others, centres, long.signal), steps!, long.signal);
      const baseline = meanAndVariance(await scored(t, centres, own, long.signal)).mean;
      const value = 100 * (nllPerDimension - baseline);
      return { value, ...parts, baseline, deviation: 100 * error, interval: normalInterval(value, 100 * error, level) };
    } finally {
      for (const tensor of owned) tensor.dispose();
    }
  },
});
