import { permutation } from "../data/philox.ts";
import { check } from "../device/errors.ts";
import { flag, whole } from "../formats/options.ts";
import type { Moments } from "../linalg/moments.ts";
import { STREAMS } from "./bootstrap.ts";
import { klMomentsOf } from "./classMoments.ts";
import { defineMeasure } from "./measure.ts";
import { bendOf, klOfRows, marginal, probabilitiesOf } from "./probabilities.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What classScore may be asked for. */
export interface ClassScoreOptions {
  /** Parts that are scored on their own; 1. Common practice for the Inception Score is 10. */
  readonly splits?: number;
  /** Shuffles the samples first, so that sorted ones give parts of the same kind; true. */
  readonly shuffle?: boolean;
}

/** The parts of a class score. */
export interface ClassScore {
  /** The score of each split. */
  readonly scores: readonly number[];
  /** log of the whole set's score: the mutual information of sample and class, in nats. */
  readonly information: number;
  /** Parts that they were cut into. */
  readonly splits: number;
  /** By how much a finite number of samples makes `information` too small, on average: below 0. The interval leaves it out. */
  readonly bias: number;
}

/**
 * exp(mean KL(p(y|x) ‖ p(y))) over samples x, with p(y) the mean of p(y|x): the Inception Score's formula, for any classifier.
 *
 * probabilities: [n, classes], rows that sum to 1 (Digits.probabilities, softmax of logits). With the Inception network and
 * 10 splits it is the Inception Score; name the classifier beside any other. The value is the mean over the splits, in [1, classes]; the
 * deviation theirs, divided by their number (with one split: of the score itself, by its influence KL(p(y|x) ‖ p(y))), and the interval
 * is of the law's score: the whole set's by that influence, less the bias of few samples. Sees confidence and balance of classes; blind within a class, to copies, and to what the classifier ignores.
 * Finished in float64 on the CPU. Moments of `classRows(probabilities)` do as well, which merge: `classScore({ moments })`.
 *
 * Throws LatentError: "argument" on more splits than samples, "data" on rows that are no probabilities.
 * Source: Salimans et al. 2016; torch-fidelity metric_isc.py.
 *
 *     const { value, deviation } = await classScore(probabilities);
 */
export const classScore = /* @__PURE__ */ defineMeasure<[probabilities: SampleSet], ClassScoreOptions, ClassScore>({
  name: "classScore",
  sets: ["generated"],
  instead: ["moments"],
  options: { splits: whole(1, 1), shuffle: flag(true) },
  async of({ generated, moments }, { splits, shuffle }, context) {
    const { where, seed, level } = context;
    if (moments !== undefined) {
      check(
        splits === 1,
        "argument",
        where,
        () => `expected splits 1 with moments, which hold no samples; got ${splits}.`,
      );
      const { mean, variance, bend, count } = klMomentsOf(where, moments as Moments);
      context.count("generated", count);
      return resultOf({ mean, variance }, bend, count, level);
    }
    const all = await probabilitiesOf(generated, "generated", context);
    const { count } = all;
    check(splits! <= count, "argument", where, () => {
      return `expected splits in [1, ${count}], the number of samples; got ${splits}.`;
    });
    const order =
      shuffle && splits! > 1
        ? permutation(count, { seed: seed(), stream: STREAMS.split })
        : Uint32Array.from({ length: count }, (_, i) => i);
    const informationOf = (rows: Uint32Array) => meanAndVariance(klOfRows(all, marginal(all, rows), rows));
    const mean = marginal(all);
    const whole = resultOf(
      informationOf(order),
      bendOf(all, mean, (c) => 1 / mean[c]!),
      count,
      level,
    );
    if (splits === 1) return whole;
    const parts = Array.from({ length: splits! }, (_, k) =>
      informationOf(order.subarray(Math.floor((k * count) / splits!), Math.floor(((k + 1) * count) / splits!))),
    );
    const scores = parts.map(({ mean }) => Math.exp(Math.max(0, mean)));
    const value = scores.reduce((a, b) => a + b, 0) / splits!;
    const deviation = Math.sqrt(scores.reduce((sum, s) => sum + (s - value) ** 2, 0) / splits!);
    return { ...whole, value, scores, splits: splits!, deviation };
  },
});

/** The score of a whole set, by mean and variance of KL(p ‖ p̄); the entropy of a mean of few rows is too small by `bend`, Σ_c Var(p_c)/(2 n p̄_c). */
function resultOf(kl: { mean: number; variance: number }, bend: number, count: number, level: number) {
  const information = Math.max(0, kl.mean);
  const value = Math.exp(information);
  const error = Math.sqrt(kl.variance / count);
  const [low, high] = normalInterval(information + bend, error, level);
  const interval = [Math.max(1, Math.exp(low)), Math.exp(high)] as const;
  return { value, scores: [value], information, splits: 1, bias: -bend, deviation: value * error, interval };
}
