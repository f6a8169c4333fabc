import { bootstrap } from "./bootstrap.ts";
import { whole } from "../formats/options.ts";
import { defineMeasure } from "./measure.ts";
import { probabilitiesOf } from "./probabilities.ts";
import type { SampleSet } from "./sets.ts";

/** What modifiedClassScore may be asked for. */
export interface ModifiedClassScoreOptions {
  /** Draws of the bootstrap; 200. */
  readonly resamples?: number;
}

/** The parts of a modified class score. */
export interface ModifiedClassScore {
  /** The same over pairs of all classes. */
  readonly modifiedAllPairs: number;
  /** Of each class that was predicted; NaN for the others. */
  readonly scores: Float64Array;
}

/**
 * Modified Inception Score for any classifier:  exp(E_i E_j KL(p_i ‖ p_j)) within each predicted class, pairs of a row with itself kept, then the mean over the classes that occur. Sees variety within a class.
 * E_i E_j KL(p_i ‖ p_j) = E_i Σ p_i log p_i − Σ p̄ · E_j log p_j, so no pair is walked. Zeros of p count as 1e-12. Source: Gurumurthy et al. 2017 (DeLiGAN).
 *
 *     const { value } = await modifiedClassScore(probabilities);
 */
export const modifiedClassScore = /* @__PURE__ */ defineMeasure<
  [probabilities: SampleSet],
  ModifiedClassScoreOptions,
  ModifiedClassScore
>({
  name: "modifiedClassScore",
  sets: ["generated"],
  options: { resamples: whole(0, 200) },
  async of({ generated }, { resamples }, context) {
    const { p, count, classes } = await probabilitiesOf(generated, "generated", context);
    const predicted = Uint32Array.from({ length: count }, (_, i) => {
      const row = p.subarray(i * classes, (i + 1) * classes);
      return row.indexOf(Math.max(...row));
    });
    /** exp of the mean divergence of the rows with each other. */
    const diversity = (rows: readonly number[]): number => {
      const [mean, logs] = [new Float64Array(classes), new Float64Array(classes)];
      let own = 0;
      for (const i of rows)
        for (let c = 0; c < classes; c++) {
          const value = p[i * classes + c]!;
          const log = Math.log(Math.max(value, 1e-12));
          own += (value * log) / rows.length;
          mean[c]! += value / rows.length;
          logs[c]! += log / rows.length;
        }
      return Math.exp(own - mean.reduce((total, value, c) => total + value * logs[c]!, 0));
    };
    const byClass = (rows: Iterable<number>): Float64Array => {
      const members: number[][] = Array.from({ length: classes }, () => []);
      for (const i of rows) members[predicted[i]!]!.push(i);
      return Float64Array.from(members, (some) => (some.length > 0 ? diversity(some) : NaN));
    };
    const meanOf = (scores: Float64Array): number => {
      const there = scores.filter((score) => !Number.isNaN(score));
      return there.reduce((a, b) => a + b, 0) / there.length;
    };
    const all = Array.from({ length: count }, (_, i) => i);
    const scores = byClass(all);
    const value = meanOf(scores);
    const { seed, level, interval } = context;
    const spreadOf =
      interval === false || resamples! < 2
        ? {}
        : bootstrap(value, [count], (rows) => meanOf(byClass(rows!)), { seed: seed(), level, resamples: resamples! });
    return { value, modifiedAllPairs: diversity(all), scores, ...spreadOf };
  },
});
