import { above } from "../formats/options.ts";
import { exactRows } from "../linalg/centredSums.ts";
import { accuracy as accuracyOf, type ClassLabels, labelsOf } from "./classificationPerformance.ts";
import { logistic } from "./logistic.ts";
import { defineMeasure } from "./measure.ts";
import { type SampleSet, valuesOf } from "./sets.ts";
import { normalInterval, SHARE } from "./statistics.ts";

/** What linearProbe may be asked for. */
export interface LinearProbeOptions {
  /** Multiplies |W|² in the logistic loss; 1e-4. */
  readonly penalty?: number;
}

/** The parts of a linear probe. */
export interface LinearProbe {
  /** Share of test rows that are classified rightly: the value. */
  readonly accuracy: number;
  /** The same of the rows that it was trained on. */
  readonly trainAccuracy: number;
  /** Least mean cross-entropy + penalty·|W|². */
  readonly loss: number;
}

/**
 * How well a linear classifier reads classes off codes: multinomial logistic regression on codes scaled to mean 0 and variance 1
 * (by the training rows), tested on others. Convex and in float64, so it depends on no seed. The interval is binomial.
 * Source: Alain & Bengio 2016.
 *
 *     const { accuracy } = await linearProbe(a, [0, 1, 2], b, [0, 1, 2]);
 */
export const linearProbe = /* @__PURE__ */ defineMeasure<
  [codes: SampleSet, labels: ClassLabels, test: SampleSet, testLabels: ClassLabels],
  LinearProbeOptions,
  LinearProbe
>({
  name: "linearProbe",
  sets: ["codes", "labels", "test", "testLabels"],
  options: { penalty: above(0, 1e-4) },
  async of(inputs, { penalty }, context) {
    const { where, level, long } = context;
    const [codes, test] = context.pair("codes", "test");
    const labels = await labelsOf(where, "labels", inputs.labels, codes.count);
    const truth = await labelsOf(where, "testLabels", inputs.testLabels, test.count);
    const dim = codes.dim;
    const [x, y] = [await valuesOf(where, codes, long.signal), await valuesOf(where, test, long.signal)];
    scale(x, y, dim);
    const classes = 1 + [...labels, ...truth].reduce((most, label) => Math.max(most, label), 0);
    const train = { x, labels, dim, classes };
    const { classifier, loss } = logistic(train, penalty!);
    const accuracy = accuracyOf(classifier, { ...train, x: y, labels: truth });
    const deviation = Math.sqrt((accuracy * (1 - accuracy)) / test.count);
    return {
      value: accuracy,
      accuracy,
      trainAccuracy: accuracyOf(classifier, train),
      loss,
      deviation,
      interval: normalInterval(accuracy, deviation, level, SHARE),
    };
  },
});

/** Scales the columns of both to mean 0 and variance 1 of the first; a column that never changes is only moved. */
function scale(x: Float64Array, y: Float64Array, dim: number): void {
  // sums of float32 values are exact in float64, so a constant column has variance 0, not a rounding's
  const { count, mean, products } = exactRows(x, dim, false);
  const deviations = products.map((product) => Math.sqrt(product / count) || 1);
  for (const values of [x, y])
    for (const [at, value] of values.entries()) values[at] = (value - mean[at % dim]!) / deviations[at % dim]!;
}
