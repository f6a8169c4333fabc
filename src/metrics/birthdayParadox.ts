import { hitsOf } from "./balls.ts";
import { check } from "../device/errors.ts";
import { atLeast, whole } from "../formats/options.ts";
import { defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import type { SampleSet } from "./sets.ts";
import { poissonLimits } from "./statistics.ts";

/** What birthdayParadox may be asked for. */
export interface BirthdayOptions {
  /** Distance up to which two rows are duplicates; 0. */
  readonly threshold?: number;
  /** Nearest pairs to show to a person; 20. */
  readonly pairs?: number;
}

/** The parts of the birthday paradox test. */
export interface BirthdayParadox {
  /** s(s − 1)/2D: the support of a uniform law with so many duplicate pairs. */
  readonly fromPairs: number;
  /** s²/(2 log 2): the support of a uniform law whose batch of s holds a duplicate with chance ½. */
  readonly halfChance: number;
  /** s², as printed. */
  readonly printed: number;
  /** D. */
  readonly duplicatePairs: number;
  /** The nearest pairs [i, j, distance], the nearest first. */
  readonly pairs: readonly (readonly [i: number, j: number, distance: number])[];
}

/**
 * Birthday paradox test of the support's size: duplicates among s rows. The value is s(s − 1)/2D, ∞ without duplicates. Whether near pairs are duplicates is for a person to say: look at `pairs`.
 * The interval is that of a Poisson number of pairs, right for a uniform law; ∞ above without duplicates. Counts made elsewhere do as well: `birthdayParadox({ sample, duplicatePairs })`. Source: Arora & Zhang 2017 (arXiv 1706.08224).
 *
 *     const { fromPairs, pairs } = await birthdayParadox(b, { threshold: 0.1 });
 */
export const birthdayParadox = /* @__PURE__ */ defineMeasure<[generated: SampleSet], BirthdayOptions, BirthdayParadox>({
  name: "birthdayParadox",
  sets: ["generated"],
  instead: ["sample", "duplicatePairs"],
  options: { threshold: atLeast(0, 0), pairs: whole(0, 20) },
  async of(inputs, { threshold, pairs }, { where, rows, count, level, long }) {
    let [s, duplicates] = [inputs.sample as number, inputs.duplicatePairs as number];
    let shown: (readonly [number, number, number])[] = [];
    if (s === undefined) {
      const set = rows("generated");
      s = set.count;
      check(s >= 2, "data", where, () => `too few rows. Expected at least 2; got ${s}.`);
      const squared = new Float32Array(s).fill(threshold! ** 2);
      const hits = (await hitsOf(where, { rows: set, squared }, set, long)).closed.ofBalls;
      duplicates = (hits.reduce((sum, value) => sum + value, 0) - s) / 2;
      const { indices, distances } = await nearest(set, set, 1, { ...long, where, others: true });
      shown = Array.from(indices, (j, i) => [Math.min(i, j), Math.max(i, j), distances[i]!] as const)
        .filter(([i, j], at) => i === at || indices[i] !== j)
        .sort((x, y) => x[2] - y[2])
        .slice(0, pairs);
    }
    check(s >= 2 && duplicates >= 0, "argument", where, () => {
      return `expected sample ≥ 2 and duplicatePairs ≥ 0; got ${s} and ${duplicates}.`;
    });
    count("generated", s);
    const fromPairs = (s * (s - 1)) / (2 * duplicates);
    // exact limits of a Poisson number of pairs
    const [least, most] = poissonLimits(duplicates, level);
    const interval = [(s * (s - 1)) / (2 * most), (s * (s - 1)) / (2 * least)] as const;
    const parts = { halfChance: s ** 2 / (2 * Math.LN2), printed: s ** 2, duplicatePairs: duplicates, pairs: shown };
    return { value: fromPairs, fromPairs, ...parts, interval };
  },
});
