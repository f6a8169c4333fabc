import { ballsOf } from "./balls.ts";
import { check } from "../device/errors.ts";
import { anything, isWhole, option } from "../formats/options.ts";
import { defineMeasure } from "./measure.ts";
import { cellsOf } from "./ndb.ts";
import { nearest } from "./nearest.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval, shareLimits } from "./statistics.ts";

/** What memorisation may be asked for. */
export interface MemorisationOptions {
  /** Held-out rows of the training law, which the statistic needs. */
  readonly test?: SampleSet;
  /** Cells of the statistic, by k-means on the training rows, or "one"; 3. */
  readonly cells?: number | "one";
}

/** The parts of memorisation. */
export interface Memorisation {
  /** Share of generated rows that are no further from their nearest training row than its own nearest neighbour is. */
  readonly rate: number;
  /** C_T: below 0 the generated rows are nearer to the training rows than held-out ones are. */
  readonly statistic?: number | undefined;
  /** 100 times the share of authentic rows. */
  readonly authPct: number;
  /** The nearest training row of each generated one: for pictures. */
  readonly nearest: { readonly indices: Uint32Array; readonly distances: Float64Array };
}

/** Generated rows that a cell has to hold more than, where there are several. */
const LEAST = 20;

/**
 * Memorisation of training rows: the share of generated rows that are copies by nearest neighbours, and with held-out rows the C_T statistic,
 *
 *     Z = (U − (n m/2 − ½)) / √(n m (n + m + 1)/12),   U = #{(g, t): L(g) > L(t)} + ½ ties,   L the distance to the nearest training row
 *
 * in each cell, averaged with the test rows' shares over cells with more than 20 generated rows. ≪ 0 copies, ≫ 0 underfits; a model that copies part and misses part averages out.
 * The value is the statistic where there are held-out rows, else the rate. Intervals take the training rows as they are: DeLong's of the statistic, Wilson's of the rate. Source: Meehan, Chaudhuri & Dasgupta 2020 (arXiv 2004.05675).
 *
 *     const { rate } = await memorisation(a, b);
 */
export const memorisation = /* @__PURE__ */ defineMeasure<
  [train: SampleSet, generated: SampleSet],
  MemorisationOptions,
  Memorisation
>({
  name: "memorisation",
  sets: ["train", "generated"],
  optional: ["test"],
  options: {
    test: anything(),
    cells: option(3, 'as a whole number ≥ 1 or "one"', (value) => value === "one" || isWhole(value, 1)),
  },
  async of(inputs, { cells }, context) {
    const { where, level, long } = context;
    const [train, generated] = context.pair("train", "generated");
    const balls = await ballsOf(where, train, 1, long);
    const near = await nearest(generated, train, 1, { ...long, where });
    const [m, d] = [generated.count, train.dim];
    const copies = near.squared.reduce((sum, s, j) => sum + Number(s <= balls.squared[near.indices[j]!]!), 0);
    const rate = copies / m;
    const parts = {
      rate,
      authPct: 100 * (1 - rate),
      nearest: { indices: near.indices, distances: near.distances },
    };
    const limits = shareLimits(rate, m, level);
    if (inputs.test === undefined)
      return { value: rate, ...parts, deviation: Math.sqrt((rate * (1 - rate)) / m), interval: limits };
    const test = context.rows("test");
    check(test.dim === d, "shape", where, () => {
      return `features differ in number. Expected ${d} in test; got ${test.dim}.`;
    });
    const ofTest = (await nearest(test, train, 1, { ...long, where })).squared;
    const one = cells === "one" || cells === 1;
    const grid = one ? null : await cellsOf(train, undefined, Math.min(cells as number, train.count), context);
    const [placesG, placesT] = grid
      ? [await grid.places(generated), await grid.places(test)]
      : [new Uint32Array(m), new Uint32Array(test.count)];
    let [total, variance, weight] = [0, 0, 0];
    for (let cell = 0; cell < (grid?.bins ?? 1); cell++) {
      const g = near.squared.filter((_, i) => placesG[i] === cell);
      const t = ofTest.filter((_, i) => placesT[i] === cell);
      if (t.length === 0 || g.length <= (grid ? LEAST : 0)) continue;
      const found = mannWhitney(g, t);
      total += t.length * found.z;
      variance += t.length ** 2 * found.variance;
      weight += t.length;
    }
    const intervals = { rate: limits };
    const warnings = weight > 0 ? [] : ["no cell holds test rows and more than 20 generated ones: take fewer cells."];
    if (weight === 0) return { value: NaN, ...parts, statistic: NaN, intervals, warnings };
    const [statistic, deviation] = [total / weight, Math.sqrt(variance) / weight];
    const interval = normalInterval(statistic, deviation, level);
    return { value: statistic, ...parts, statistic, deviation, interval, intervals, warnings };
  },
});

/** Z of how often a value of g is above one of t, and its variance by DeLong's (1988) of U/nm: 1 where both have one law, about. */
function mannWhitney(g: Float32Array, t: Float32Array): { z: number; variance: number } {
  const [n, m] = [t.length, g.length];
  const [overT, underG] = [placements(g, t), placements(t, g).map((share) => 1 - share)];
  const scale = Math.sqrt((n * m * (n + m + 1)) / 12);
  const u = overT.reduce((total, share) => total + share * n, 0);
  const variance = meanAndVariance(overT).variance / m + meanAndVariance(underG).variance / n;
  return { z: (u - ((n * m) / 2 - 0.5)) / scale, variance: variance * ((n * m) / scale) ** 2 };
}

/** For each value of a the share of b below it, ties by half. */
function placements(a: Float32Array, b: Float32Array): Float64Array {
  const sorted = b.slice().sort();
  const below = (value: number, orEqual: boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const mid = (low + high) >> 1;
      if (sorted[mid]! < value || (orEqual && sorted[mid] === value)) low = mid + 1;
      else high = mid;
    }
    return low;
  };
  return Float64Array.from(a, (value) => (below(value, false) + below(value, true)) / (2 * b.length));
}
