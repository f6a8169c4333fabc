import { defineMeasure } from "./measure.ts";
import { bendOf, distributionOf, klOf, klOfRows, marginal, probabilitiesOf } from "./probabilities.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";
import type { Context } from "./measure.ts";

/** Nothing of their own. */
export type TrainClassOptions = Readonly<Record<never, never>>;

/** The parts of a mode score. */
export interface ModeScore {
  /** KL(p̄ ‖ p_train), in nats. */
  readonly klMarginal: number;
  /** exp(E KL(p(y|x) ‖ p_train) − KL(p̄ ‖ p_train)), the printed form, which equals the Inception Score. */
  readonly modeScoreAsPrinted: number;
}

/** Probabilities, their mean, and the training shares. */
async function givenOf(inputs: { readonly [name: string]: unknown }, context: Context) {
  const all = await probabilitiesOf(inputs.generated, "generated", context);
  return { all, mean: marginal(all), prior: await distributionOf(inputs.train, "train", all.classes, context) };
}

/**
 * Mode score, in the form that sees the training set:  exp(E KL(p(y|x) ‖ p̄) − KL(p̄ ‖ p_train)). As printed in surveys it is the Inception Score, identically.
 *
 * probabilities: [n, classes]; train: class shares [classes], or probabilities [n, classes]. Source: Che et al. 2017; xuqiantong/GAN-Metrics.
 *
 *     const { value } = await modeScore(probabilities, probabilities);
 */
export const modeScore = /* @__PURE__ */ defineMeasure<
  [probabilities: SampleSet, train: SampleSet],
  TrainClassOptions,
  ModeScore
>({
  name: "modeScore",
  sets: ["generated", "train"],
  options: {},
  async of(inputs, _options, context) {
    const { all, mean, prior } = await givenOf(inputs, context);
    const gains = meanAndVariance(klOfRows(all, mean));
    const klMarginal = klOf(mean, 0, prior);
    const value = Math.exp(gains.mean - klMarginal);
    // the marginal's own change moves both terms: the row's influence is KL(p ‖ p̄) − Σ p log(p̄/p_train)
    const slope = (row: number) => {
      let total = 0;
      for (let c = 0; c < all.classes; c++) {
        const p = all.p[row * all.classes + c]!;
        if (p > 0) total += p * Math.log(mean[c]! / prior[c]!);
      }
      return total;
    };
    const influence = klOfRows(all, mean).map((kl, row) => kl - slope(row));
    const error = Math.sqrt(meanAndVariance(influence).variance / all.count);
    // the mean's entropy counts twice, and is too small for few rows
    const bias = -2 * bendOf(all, mean, (c) => 1 / mean[c]!);
    const [low, high] = normalInterval(gains.mean - klMarginal - bias, error, context.level);
    const modeScoreAsPrinted = Math.exp(meanAndVariance(klOfRows(all, prior)).mean - klMarginal);
    const interval = [Math.exp(low), Math.exp(high)] as const;
    return { value, klMarginal, modeScoreAsPrinted, deviation: value * error, interval };
  },
});

/** The parts of an AM score. */
export interface AmScore {
  /** KL(p_train ‖ p̄), in nats. */
  readonly klTrain: number;
  /** Mean entropy of p(y|x), in nats. */
  readonly entropy: number;
}

/**
 * AM score:  KL(p_train ‖ p̄) + E H(p(y|x)), in nats; lower is better. Arguments as of modeScore. Source: Zhou et al. 2018 (arXiv 1703.02000).
 *
 *     const { value } = await amScore(probabilities, probabilities);
 */
export const amScore = /* @__PURE__ */ defineMeasure<
  [probabilities: SampleSet, train: SampleSet],
  TrainClassOptions,
  AmScore
>({
  name: "amScore",
  sets: ["generated", "train"],
  options: {},
  async of(inputs, _options, context) {
    const { all, mean, prior } = await givenOf(inputs, context);
    const one = new Float64Array(all.classes).fill(1);
    const entropies = klOfRows(all, one).map((value) => -value);
    const klTrain = klOf(prior, 0, mean);
    // ∂KL(p_train ‖ p̄)/∂p̄ = −p_train/p̄
    const influence = entropies.map((entropy, row) => {
      let slope = 0;
      for (let c = 0; c < all.classes; c++)
        if (mean[c]! > 0) slope += (prior[c]! / mean[c]!) * all.p[row * all.classes + c]!;
      return entropy - slope;
    });
    const { mean: entropy } = meanAndVariance(entropies);
    const deviation = Math.sqrt(meanAndVariance(influence).variance / all.count);
    const value = klTrain + entropy;
    const bias = bendOf(all, mean, (c) => prior[c]! / mean[c]! ** 2);
    return { value, klTrain, entropy, deviation, interval: normalInterval(value - bias, deviation, context.level) };
  },
});
