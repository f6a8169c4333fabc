import { check, named } from "../device/errors.ts";
import { above, anything } from "../formats/options.ts";
import { Tensor } from "../graph/tensor.ts";
import { type Labelled, logistic, nearestMean } from "./logistic.ts";
import { defineMeasure } from "./measure.ts";
import { type SampleSet, valuesOf } from "./sets.ts";
import { shareLimits } from "./statistics.ts";

/** ClassLabels: whole numbers from 0, one a row. */
export type ClassLabels = ArrayLike<number> | Tensor;

/** What classificationPerformance may be asked for. */
export interface ClassificationOptions {
  /** Multiplies |W|² in the logistic loss; 0.005. */
  readonly penalty?: number;
  /** A note of how to classify, for reports; both classifiers are always run. */
  readonly classifier?: string;
}

/** The parts of classification performance. */
export interface ClassificationPerformance {
  /** Nearest class mean trained on generated, tested on real rows (GAN-train, CAS). */
  readonly trainOnGenerated: number;
  /** Trained on real, tested on generated rows (GAN-test). */
  readonly testOnGenerated: number;
  /** Trained on one half of the real rows, tested on the other, both ways: what to compare with. */
  readonly trainOnReal: number;
  /** By multinomial logistic regression, trained on generated rows: the value. */
  readonly logisticTrainOnGenerated: number;
  /** Trained on real, tested on generated rows. */
  readonly logisticTestOnGenerated: number;
  /** One half of the real rows from the other. */
  readonly logisticTrainOnReal: number;
  /** Least mean cross-entropy + penalty·|W|² on the generated rows. */
  readonly logisticLoss: number;
  /** Accuracy of each real class under logisticTrainOnGenerated; NaN for those that never come. */
  readonly perClass: Float64Array;
}

/**
 * Classification performance of labelled generated rows: how well a classifier trained on them knows real ones (the value, by logistic regression), and the other way round. The first sees quality and diversity; the second is like precision, and above the real accuracy hints at copies.
 * Two small classifiers without seeds, float64 on the CPU: nearest class mean, and multinomial logistic regression. The interval is Wilson's, of real rows, with the classifier as it came out.
 * Source: Ravuri & Vinyals 2019 (arXiv 1905.10887); Shmelkov et al. 2018 (arXiv 1807.09499).
 *
 *     const { value } = await classificationPerformance(a, [0, 1, 2], b, [0, 1, 2]);
 */
export const classificationPerformance = /* @__PURE__ */ defineMeasure<
  [generated: SampleSet, generatedLabels: ClassLabels, real: SampleSet, realLabels: ClassLabels],
  ClassificationOptions,
  ClassificationPerformance
>({
  name: "classificationPerformance",
  sets: ["generated", "generatedLabels", "real", "realLabels"],
  options: { penalty: above(0, 0.005), classifier: anything() },
  async of(inputs, { penalty }, context) {
    const { where, level, long } = context;
    const [real, generated] = context.pair();
    const [ofReal, ofGenerated] = [
      await labelsOf(where, "realLabels", inputs.realLabels, real.count),
      await labelsOf(where, "generatedLabels", inputs.generatedLabels, generated.count),
    ];
    const classes = 1 + Math.max(...[ofReal, ofGenerated].map((all) => all.reduce((a, b) => Math.max(a, b), 0)));
    const shape = { dim: real.dim, classes };
    const [x, g] = [await valuesOf(where, real, long.signal), await valuesOf(where, generated, long.signal)];
    const [reals, fakes]: [Labelled, Labelled] = [
      { x, labels: ofReal, ...shape },
      { x: g, labels: ofGenerated, ...shape },
    ];
    const fit = (data: Labelled) => logistic(data, penalty!);
    const [onGenerated, onReal] = [fit(fakes), fit(reals)];
    const halves = [0, 1].map((part) => every(reals, part));
    const both = (of: (data: Labelled) => (rows: Float64Array) => Uint32Array) =>
      halves[1]!.labels.length === 0
        ? NaN
        : (accuracy(of(halves[0]!), halves[1]!) + accuracy(of(halves[1]!), halves[0]!)) / 2;
    const value = accuracy(onGenerated.classifier, reals);
    const found = onGenerated.classifier(x);
    const perClass = Float64Array.from({ length: classes }, (_, k) => {
      const rows = Array.from(ofReal.keys()).filter((i) => ofReal[i] === k);
      return rows.length === 0 ? NaN : rows.filter((i) => found[i] === k).length / rows.length;
    });
    const deviation = Math.sqrt((value * (1 - value)) / real.count);
    return {
      value,
      trainOnGenerated: accuracy(nearestMean(fakes), reals),
      testOnGenerated: accuracy(nearestMean(reals), fakes),
      trainOnReal: both(nearestMean),
      logisticTrainOnGenerated: value,
      logisticTestOnGenerated: accuracy(onReal.classifier, fakes),
      logisticTrainOnReal: both((data) => fit(data).classifier),
      logisticLoss: onGenerated.loss,
      perClass,
      deviation,
      interval: shareLimits(value, real.count, level),
    };
  },
});

/** Share of rows that a classifier puts into their class. */
export const accuracy = (classifier: (rows: Float64Array) => Uint32Array, { x, labels }: Labelled): number =>
  classifier(x).reduce((right, found, i) => right + Number(found === labels[i]), 0) / labels.length;

/** The rows with even or odd numbers. */
function every({ x, labels, dim, classes }: Labelled, odd: number): Labelled {
  const rows = Array.from({ length: labels.length }, (_, i) => i).filter((i) => i % 2 === odd);
  const part = new Float64Array(rows.length * dim);
  for (const [at, row] of rows.entries()) part.set(x.subarray(row * dim, (row + 1) * dim), at * dim);
  return { x: part, labels: rows.map((row) => labels[row]!), dim, classes };
}

/** Class numbers of rows, an array or a tensor. Throws LatentError: "argument", "shape" on another count, "data" on what is no class. */
export async function labelsOf(where: string, name: string, given: unknown, count: number): Promise<Uint32Array> {
  const list = given instanceof Tensor ? await given.read() : given;
  check(
    Array.isArray(list) || ArrayBuffer.isView(list),
    "argument",
    where,
    () => `expected ${name} as an array; got ${named(given)}.`,
  );
  const labels = list as unknown as ArrayLike<number>;
  check(labels.length === count, "shape", where, () => `expected ${count} ${name}, one a row; got ${labels.length}.`);
  const wrong = Array.from(labels).findIndex((label) => !Number.isInteger(label) || label < 0 || label > 65535);
  check(
    wrong < 0,
    "data",
    where,
    () => `label ${wrong} of ${name} is ${labels[wrong]}. Expected whole numbers from 0.`,
  );
  return Uint32Array.from(labels);
}
