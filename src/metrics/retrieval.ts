import { whole } from "../formats/options.ts";
import type { SampleSet } from "./sets.ts";
import { type ClassLabels, labelsOf } from "./classificationPerformance.ts";
import { defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import { meanAndVariance, normalInterval, SHARE } from "./statistics.ts";

/** What retrieval may be asked for. */
export interface RetrievalOptions {
  /** Nearest codes that are looked at; 10. */
  readonly k?: number;
}

/** The parts of retrieval. */
export interface Retrieval {
  /** Share of the k nearest codes that have the query's class: precision@k, the value. */
  readonly precision: number;
  /** Share of queries whose class most of the k nearest codes have; of equally many the nearest one's. */
  readonly accuracy: number;
}

/**
 * Retrieval by codes: for each query the k nearest codes (Euclidean, every pair looked at), and how many of them have its class.
 *
 *     precision = mean over queries of |{i ≤ k: class of the i-th nearest = class of the query}| / k
 *
 * Sees whether classes lie together; a code of the class alone has 1, and so has a copy of the pixels of easy data. The intervals are
 * those of means over queries.
 *
 *     const { precision, accuracy } = await retrieval(a, [0, 1, 2], b, [0, 1, 2], { k: 1 });
 */
export const retrieval = /* @__PURE__ */ defineMeasure<
  [codes: SampleSet, labels: ClassLabels, queries: SampleSet, queryLabels: ClassLabels],
  RetrievalOptions,
  Retrieval
>({
  name: "retrieval",
  sets: ["codes", "labels", "queries", "queryLabels"],
  options: { k: whole(1, 10) },
  async of(inputs, { k: asked }, context) {
    const { where, level, long } = context;
    const [codes, queries] = context.pair("codes", "queries");
    const labels = await labelsOf(where, "labels", inputs.labels, codes.count);
    const truth = await labelsOf(where, "queryLabels", inputs.queryLabels, queries.count);
    const k = asked!;
    const { indices } = await nearest(queries, codes, k, { ...long, where });
    const precisionsAtK = new Float64Array(queries.count);
    let right = 0;
    for (let i = 0; i < queries.count; i++) {
      const found = Array.from(indices.subarray(i * k, (i + 1) * k), (at) => labels[at]!);
      precisionsAtK[i] = found.filter((one) => one === truth[i]).length / k;
      right += Number(mostCommon(found) === truth[i]);
    }
    const { mean: precision, variance } = meanAndVariance(precisionsAtK);
    const deviation = Math.sqrt(variance / queries.count);
    const accuracy = right / queries.count;
    const accuracyDeviation = Math.sqrt((accuracy * (1 - accuracy)) / queries.count);
    return {
      value: precision,
      precision,
      accuracy,
      deviation,
      interval: normalInterval(precision, deviation, level, SHARE),
      intervals: { accuracy: normalInterval(accuracy, accuracyDeviation, level, SHARE) },
    };
  },
});

/** The value that comes most often; of equally common ones the first. */
function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = values[0]!;
  for (const [value, count] of counts) if (count > counts.get(best)!) best = value;
  return best;
}
