import { permutation } from "../data/philox.ts";
import { type Rows, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { optional, whole } from "../formats/options.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import { defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import { joined, type SampleSet } from "./sets.ts";
import { binomialTail, shareLimits, normalTail } from "./statistics.ts";
import { picked } from "./subset.ts";

/** What classifierTest may be asked for. */
export interface ClassifierTestOptions {
  /** Neighbours that vote; √ of the training rows. */
  readonly k?: number;
}

/** The parts of a classifier two-sample test. */
export interface ClassifierTest {
  /** Share of held-out rows that the classifier puts into the right set. */
  readonly accuracy: number;
  /** Held-out rows. */
  readonly tested: number;
  /** (accuracy − ½) / √(1/4 tested). */
  readonly z: number;
  /** One-sided, by the normal law. */
  readonly pNormal: number;
  /** One-sided, exact. */
  readonly pBinomial: number;
}

/**
 * Classifier two-sample test: half of the pooled rows train a k-nearest-neighbour classifier of the sets, the other half test it. The value is its accuracy; ½ for equal laws.
 * A small p says that the laws differ, not how; a large one proves nothing, and power depends on the classifier. Sets are cut to one size.
 * Another classifier's counts do as well: `classifierTest({ correct, n })`. Source: Lopez-Paz & Oquab 2017 (arXiv 1610.06545).
 *
 *     const { value, pBinomial } = await classifierTest(a, b);
 */
export const classifierTest = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  ClassifierTestOptions,
  ClassifierTest
>({
  name: "classifierTest",
  sets: ["real", "generated"],
  instead: ["correct", "n"],
  options: { k: optional(whole(1)) },
  async of(inputs, { k }, { where, seed, level, long, pair, count }) {
    let [correct, tested] = [inputs.correct as number, inputs.n as number];
    if (correct === undefined) {
      const [real, generated] = pair();
      const each = Math.min(real.count, generated.count);
      check(each >= 4, "data", where, () => `too few rows. Expected at least 4 in each set; got ${each}.`);
      const pool = joined([real, generated]);
      const order = [real.count, generated.count].map((size, set) =>
        permutation(size, { seed: seed(), stream: STREAMS.split, step: set })
          .slice(0, each)
          .map((row) => row + set * real.count),
      );
      const half = Math.floor(each / 2);
      const [train, test] = [0, 1].map((part) =>
        Uint32Array.from(
          order.flatMap((rows) => Array.from(part === 0 ? rows.slice(0, half) : rows.slice(half))),
        ).sort(),
      ) as [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>];
      const votes = k ?? Math.max(1, Math.floor(Math.sqrt(train.length)));
      const both: Tensor[] = [];
      const indices = await (async () => {
        try {
          for (const rows of [train, test]) both.push(await picked(pool, rows, { signal: long.signal }));
          const [x, y] = both.map((tensor) => rowsOf(where, tensor)) as [Rows, Rows];
          return (await nearest(y, x, votes, { ...long, where })).indices;
        } finally {
          for (const tensor of both) tensor.dispose();
        }
      })();
      tested = test.length;
      correct = 0;
      for (const [i, row] of test.entries()) {
        let real2 = 0;
        for (let v = 0; v < votes; v++) real2 += Number(train[indices[i * votes + v]!]! < real.count);
        // an even vote is half right
        correct += 2 * real2 === votes ? 0.5 : Number(2 * real2 > votes === row < real.count);
      }
    }
    check(correct >= 0 && correct <= tested && tested > 0, "argument", where, () => {
      return `expected correct from 0 to n; got ${correct} of ${tested}.`;
    });
    count("tested", tested);
    const accuracy = correct / tested;
    const z = (accuracy - 0.5) / Math.sqrt(1 / (4 * tested));
    const deviation = Math.sqrt((accuracy * (1 - accuracy)) / tested);
    const parts = { z, pNormal: normalTail(z), pBinomial: binomialTail(Math.ceil(correct), tested, 0.5) };
    return {
      value: accuracy,
      accuracy,
      tested,
      ...parts,
      deviation,
      interval: shareLimits(accuracy, tested, level),
    };
  },
});
