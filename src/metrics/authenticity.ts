import { gpuOfRows, type Rows, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { anything, oneOf, optional, whole } from "../formats/options.ts";
import { Moments } from "../linalg/moments.ts";
import { numbersOf } from "../linalg/numbers.ts";
import { ballsOf } from "./balls.ts";
import type { HalvesOptions } from "./halves.ts";
import { type Context, defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import { eachPair } from "./pairs.ts";
import type { SampleSet } from "./sets.ts";
import { type Range, SHARE, quantile } from "./statistics.ts";

/** What `integrated` gives: a sum of steps for an integral, which may end a little below 0. */
const INTEGRATED: Range = [-Infinity, 1];

/** What authenticity may be asked for. */
export interface AuthenticityOptions extends HalvesOptions {
  /** Where the real law's mass is counted from: the mean of the real rows (the default), or a point [d]. */
  readonly centre?: "mean of real" | ArrayLike<number>;
  /** Space of the comparison: the rows as given. Give features of your network instead of images. */
  readonly embedding?: "identity";
  /** Levels α = 0, 1/(steps − 1) … 1; 30. */
  readonly steps?: number;
}

/** The parts of authenticity. */
export interface Authenticity {
  /** 1 − 2·mean |α − P_α|: how well the generated mass around the centre follows the real one's. */
  readonly alphaPrecision: number;
  /** The same of how the real rows are reached. */
  readonly betaRecall: number;
  /** Share of generated rows that are further from their nearest real row than its own nearest neighbour is. */
  readonly authenticity: number;
  /** 100 times that. */
  readonly authPct: number;
}

/**
 * Authenticity, with integrated α-precision and β-recall, in the space of the rows as given:
 *
 *     P_α = mean_j 1[|G_j − c| ≤ Q_α(|R − c|)],   IP = 1 − (2/(steps − 1)) Σ_t |α_t − P_t|
 *
 * and likewise for real rows, each of which counts where its nearest generated row lies within its nearest real neighbour's distance and within Q_β around the generated mean. The value is authenticity. High for copies of nothing and for bad samples alike. Equal laws give β-recall of about .45, not 1. The one-class network of the paper is left to the features.
 * Source: Alaa et al. 2022 (arXiv 2102.08921), with the index of the nearest real row corrected.
 *
 *     const { value, alphaPrecision } = await authenticity(a, b);
 */
export const authenticity = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  AuthenticityOptions,
  Authenticity
>({
  name: "authenticity",
  sets: ["real", "generated"],
  options: {
    centre: anything(),
    embedding: oneOf("identity"),
    steps: whole(2, 30),
    resamples: optional(whole(0)),
  },
  halves: { value: SHARE, authenticity: SHARE, alphaPrecision: INTEGRATED, betaRecall: INTEGRATED },
  async of(_inputs, { centre, steps }, context) {
    const { where, long } = context;
    const [real, generated] = context.pair();
    const balls = await ballsOf(where, real, 1, long);
    const toReal = await nearest(generated, real, 1, { ...long, where });
    const toGenerated = await nearest(real, generated, 1, { ...long, where });
    const middle =
      centre === undefined || centre === "mean of real"
        ? (await Moments.of(real)).mean
        : numbersOf(where, "centre", centre);
    check(middle.length === real.dim, "shape", where, () => `expected a centre [${real.dim}]; got [${middle.length}].`);
    const ofReal = await distancesFrom(middle, real, context);
    const ofGenerated = await distancesFrom(middle, generated, context);
    const ofGeneratedMean = await distancesFrom((await Moments.of(generated)).mean, generated, context);
    const reached = toGenerated.squared.map((value, i) => Number(value <= balls.squared[i]!));
    const ofNearest = Float64Array.from(toGenerated.indices, (j) => ofGeneratedMean[j]!);
    const alphaPrecision = integrated(ofReal, ofGenerated, () => true, steps!);
    const betaRecall = integrated(ofNearest, ofNearest, (i) => reached[i] === 1, steps!);
    const m = generated.count;
    const value = toReal.squared.reduce((sum, d, j) => sum + Number(d > balls.squared[toReal.indices[j]!]!), 0) / m;
    const parts = { alphaPrecision, betaRecall, authenticity: value, authPct: 100 * value };
    return { value, ...parts };
  },
});

/** 1 − (2/(steps − 1)) Σ_t |α_t − share of `values` that counts and is within the α_t quantile of `reference`|. */
function integrated(
  reference: Float64Array,
  values: Float64Array,
  counts: (i: number) => boolean,
  steps: number,
): number {
  const sorted = reference.slice().sort();
  let total = 0;
  for (let t = 0; t < steps; t++) {
    const alpha = t / (steps - 1);
    const limit = quantile(sorted, alpha);
    const share = values.reduce((sum, value, i) => sum + Number(value <= limit && counts(i)), 0) / values.length;
    total += Math.abs(alpha - share);
  }
  return 1 - (2 / (steps - 1)) * total;
}

/** Distances of all rows from a point. */
async function distancesFrom(point: Float64Array, rows: Rows, { where, long }: Context): Promise<Float64Array> {
  const gpu = await gpuOfRows(where, rows);
  const centre = gpu.tensor(point, [1, rows.dim]);
  try {
    const blocks = await eachPair(rowsOf(where, centre), rows, (squares) => [squares], { ...long, where });
    const found = new Float64Array(rows.count);
    for (const {
      j,
      found: [squares],
    } of blocks)
      found.set(Float64Array.from(squares!, Math.sqrt), j);
    return found;
  } finally {
    centre.dispose();
  }
}
