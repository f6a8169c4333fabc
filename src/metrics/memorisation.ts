import { ballsOf } from "./balls.ts";
import { check } from "../device/errors.ts";
import { defineMeasure } from "./measure.ts";
import { cellsOf } from "./ndb.ts";
import { nearest } from "./nearest.ts";
import { anything, either, oneOf, whole } from "./options.ts";
import { rowsFrom, type SampleSet } from "./sets.ts";
import type { Tensor } from "../graph/tensor.ts";

/** What memorisation may be asked for. */
export interface MemorisationOptions {
  /** Held-out rows of the training law, which the statistic needs; may also stand between the sets. */
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
 * The value is the statistic where there are held-out rows, else the rate. Source: Meehan, Chaudhuri & Dasgupta 2020 (arXiv 2004.05675).
 *
 *     const { rate } = await memorisation(a, b);
 */
export const memorisation = /* @__PURE__ */ defineMeasure<
  [train: SampleSet, testOrGenerated: SampleSet, generated?: SampleSet],
  MemorisationOptions,
  Memorisation
>({
  name: "memorisation",
  sets: ["train", "test", "generated"],
  needed: 1,
  skipsSecond: true,
  options: {
    test: anything(),
    cells: either(whole(1, 3), (value) => value !== "one", oneOf(["one"], "one")),
  },
  random: true,
  async of(inputs, { test, cells }, context) {
    const { where, long } = context;
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
      deviation: Math.sqrt((rate * (1 - rate)) / m),
    };
    const given = inputs.test ?? test;
    if (given === undefined) return { value: rate, ...parts };
    const own: Tensor[] = [];
    try {
      const testRows = rowsFrom(where, "test", given, context.maybeGpu, own);
      context.count("test", testRows.count);
      check(
        testRows.dim === d,
        "shape",
        where,
        () => `features differ in number. Expected ${d} in test; got ${testRows.dim}.`,
      );
      const ofTest = (await nearest(testRows, train, 1, { ...long, where })).squared;
      const one = cells === "one" || cells === 1;
      const grid = one ? null : await cellsOf(train, undefined, Math.min(cells as number, train.count), context);
      const [placesG, placesT] = grid
        ? [await grid.places(generated), await grid.places(testRows)]
        : [new Uint32Array(m), new Uint32Array(testRows.count)];
      let [total, weight] = [0, 0];
      for (let cell = 0; cell < (grid?.bins ?? 1); cell++) {
        const g = near.squared.filter((_, i) => placesG[i] === cell);
        const t = ofTest.filter((_, i) => placesT[i] === cell);
        if (t.length === 0 || g.length <= (grid ? LEAST : 0)) continue;
        total += t.length * mannWhitney(g, t);
        weight += t.length;
      }
      const statistic = weight > 0 ? total / weight : NaN;
      const warnings = weight > 0 ? [] : ["no cell holds test rows and more than 20 generated ones: take fewer cells."];
      return { value: statistic, ...parts, deviation: undefined, statistic, warnings };
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  },
});

/** Z of how often a value of g is above one of t. */
function mannWhitney(g: Float32Array, t: Float32Array): number {
  const sorted = t.slice().sort();
  const below = (value: number, orEqual: boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const mid = (low + high) >> 1;
      if (sorted[mid]! < value || (orEqual && sorted[mid] === value)) low = mid + 1;
      else high = mid;
    }
    return low;
  };
  let u = 0;
  for (const value of g) u += (below(value, false) + below(value, true)) / 2;
  const [n, m] = [t.length, g.length];
  return (u - ((n * m) / 2 - 0.5)) / Math.sqrt((n * m * (n + m + 1)) / 12);
}
