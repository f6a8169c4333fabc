import { permutation } from "../data/philox.ts";
import { check } from "../device/errors.ts";
import { STREAMS } from "./bootstrap.ts";
import { defineMeasure } from "./measure.ts";
import { flag, whole } from "./options.ts";
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
 * Finished in float64 on the CPU.
 *
 * Throws LatentError: "argument" on more splits than samples, "data" on rows that are no probabilities.
 * Source: Salimans et al. 2016; torch-fidelity metric_isc.py.
 *
 *     const { value, deviation } = await classScore(probabilities);
 */
export const classScore = /* @__PURE__ */ defineMeasure<[probabilities: SampleSet], ClassScoreOptions, ClassScore>({
  name: "classScore",
  sets: ["generated"],
  options: { splits: whole(1, 1), shuffle: flag(true) },
  async of({ generated }, { splits, shuffle }, context) {
    const { where, seed, level } = context;
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
    const parts = Array.from({ length: splits! }, (_, k) =>
      informationOf(order.subarray(Math.floor((k * count) / splits!), Math.floor(((k + 1) * count) / splits!))),
    );
    const scores = parts.map(({ mean }) => Math.exp(Math.max(0, mean)));
    const value = scores.reduce((a, b) => a + b, 0) / splits!;
    const whole = informationOf(order);
    const information = Math.max(0, whole.mean);
    const error = Math.sqrt(whole.variance / count);
    const overSplits = Math.sqrt(scores.reduce((sum, s) => sum + (s - value) ** 2, 0) / splits!);
    // the entropy of a mean of few rows is too small by Σ_c Var(p_c)/(2 n p̄_c)
    const mean = marginal(all);
    const bias = -bendOf(all, mean, (c) => 1 / mean[c]!);
    const [low, high] = normalInterval(information - bias, error, level);
    return {
      value,
      scores,
      information,
      splits: splits!,
      bias,
      deviation: splits === 1 ? value * error : overSplits,
      interval: [Math.max(1, Math.exp(low)), Math.exp(high)] as const,
    };
  },
});
