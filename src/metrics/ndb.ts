import { gpuOfRows, type Rows, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { inside, numbers, whole } from "../formats/options.ts";
import type { Tensor } from "../graph/tensor.ts";
import { numbersOf } from "../linalg/numbers.ts";
import { lloyd } from "../models/kmeans/lloyd.ts";
import { plusPlus } from "../models/kmeans/seeding.ts";
import { type Context, defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import { type SampleSet, onWholes } from "./sets.ts";
import { normalTail } from "./statistics.ts";

/** What ndb may be asked for. */
export interface NdbOptions {
  /** Cells, by k-means on the real rows; 100. */
  readonly bins?: number;
  /** Centres [k, d] of the cells instead. */
  readonly centres?: readonly ArrayLike<number>[];
  /** How often a cell of equal shares may be called different; 0.05. */
  readonly level?: number;
}

/** The parts of NDB. */
export interface Ndb {
  /** Cells whose shares differ significantly. */
  readonly significant: number;
  /** Cells. */
  readonly bins: number;
  /** Jensen–Shannon divergence of the shares, in nats, at most log 2. */
  readonly jensenShannon: number;
  /** Two-proportion statistic of each cell. */
  readonly z: Float64Array;
  /** Rows of each set in each cell. */
  readonly counts: { readonly real: Uint32Array; readonly generated: Uint32Array };
}

/**
 * Number of statistically different bins: cells around centres whose shares p (real) and q (generated) differ by a two-sided test of two proportions,
 *
 *     z = (p − q) / √(π (1 − π) (1/n + 1/m)),   π the pooled share
 *
 * and the Jensen–Shannon divergence of the shares. The value is the number of cells, about 5 of 100 for equal laws (no correction for many tests). Sees shares of modes at the cells' scale, blind within one.
 * Source: Richardson & Weiss 2018 (arXiv 1805.12462).
 *
 *     const { significant, jensenShannon } = await ndb(a, b, { bins: 4 });
 */
export const ndb = /* @__PURE__ */ defineMeasure<[real: SampleSet, generated: SampleSet], NdbOptions, Ndb>({
  name: "ndb",
  sets: ["real", "generated"],
  options: { bins: whole(2, 100), centres: numbers(), level: inside(0, 1, 0.05) },
  apart: { centres: ["bins"] },
  async of(_inputs, { bins, centres, level }, context) {
    const [real, generated] = context.pair();
    const cells = await cellsOf(real, centres, bins!, context);
    const [inReal, inGenerated] = [await cells.of(real), await cells.of(generated)];
    const [n, m] = [real.count, generated.count];
    const z = Float64Array.from(inReal, (count, k) => twoProportions(count, n, inGenerated[k]!, m));
    const significant = z.reduce((sum, value) => sum + Number(2 * normalTail(Math.abs(value)) < level!), 0);
    let js = 0;
    for (let k = 0; k < z.length; k++) {
      const [p, q] = [inReal[k]! / n, inGenerated[k]! / m];
      for (const share of [p, q]) if (share > 0) js += 0.5 * share * Math.log((2 * share) / (p + q));
    }
    const counts = { real: inReal, generated: inGenerated };
    return { value: significant, significant, bins: z.length, jensenShannon: js, z, counts };
  },
});

/** z of two counts; 0 where both shares are 0 or 1. */
export function twoProportions(a: number, n: number, b: number, m: number): number {
  const pooled = (a + b) / (n + m);
  const variance = pooled * (1 - pooled) * (1 / n + 1 / m);
  return variance > 0 ? (a / n - b / m) / Math.sqrt(variance) : 0;
}

/** Cells around centres: given ones, or by k-means on rows. */
export async function cellsOf(rows: Rows, given: unknown, bins: number, { where, seed, long }: Context) {
  const d = rows.dim;
  const gpu = await gpuOfRows(where, rows);
  let centres: Float32Array;
  if (given !== undefined) {
    centres = Float32Array.from(numbersOf(where, "centres", given));
    check(centres.length > 0 && centres.length % d === 0, "shape", where, () => {
      return `expected centres [k, ${d}]; got ${centres.length} numbers.`;
    });
  } else {
    check(
      bins <= rows.count,
      "argument",
      where,
      () => `expected at most ${rows.count} bins, one a real row; got ${bins}.`,
    );
    const { signal } = long;
    const fitted = async (x: Tensor) => lloyd(x, await plusPlus(x, bins, seed(), 0, signal), 50, signal);
    centres = await onWholes(where, [rows], fitted, signal);
  }
  const k = centres.length / d;
  /** The cell of each row. */
  const places = async (set: Rows): Promise<Uint32Array> => {
    const tensor = gpu.tensor(centres.slice(), [k, d]);
    try {
      return (await nearest(set, rowsOf(where, tensor), 1, { ...long, where })).indices;
    } finally {
      tensor.dispose();
    }
  };
  const of = async (set: Rows): Promise<Uint32Array> => {
    const counts = new Uint32Array(k);
    for (const place of await places(set)) counts[place]!++;
    return counts;
  };
  return { bins: k, places, of };
}
