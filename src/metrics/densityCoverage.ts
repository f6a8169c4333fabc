import type { Rows } from "../data/rows.ts";
import { ballsOf, hitsOf, share } from "./balls.ts";
import { optional, whole } from "../formats/options.ts";
import type { HalvesOptions } from "./halves.ts";
import { type Context, defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { NOT_NEGATIVE, SHARE } from "./statistics.ts";

/** What densityCoverage may be asked for. */
export interface DensityCoverageOptions extends HalvesOptions {
  /** A ball reaches to the k-th other real row; 5. */
  readonly k?: number;
}

/** The parts of density and coverage. */
export interface DensityCoverage {
  /** Real balls that hold a generated row, over k, on average. */
  readonly density: number;
  /** Share of real rows whose ball holds a generated row. */
  readonly coverage: number;
  /** The same with open balls. */
  readonly open: { readonly density: number; readonly coverage: number };
  /** What coverage would be on average if both sets had one law. */
  readonly expectedCoverage: number;
}

/**
 * Density and coverage:  D = (1/km) Σ_j Σ_i 1[|G_j − R_i| ≤ r_k(i)],  C = mean_i 1[min_j |G_j − R_i| ≤ r_k(i)]. Balls are closed, so that a set and
 * itself have density (k + 1)/k (1 with open balls) and coverage 1. The value is density.
 *
 *     E[C] for equal laws = 1 − Π_{t=1..k} (n − t)/(n + m − t)
 *
 * Density has no upper limit: a point repeated in the bulk reached 10. Source: Naeem et al. 2020.
 * Throws LatentError("argument") where the real set has no k other rows.
 *
 *     const { density, coverage } = await densityCoverage(a, b);
 */
export const densityCoverage = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  DensityCoverageOptions,
  DensityCoverage
>({
  name: "densityCoverage",
  sets: ["real", "generated"],
  options: { k: whole(1, 5), resamples: optional(whole(0)) },
  halves: { value: NOT_NEGATIVE, density: NOT_NEGATIVE, coverage: SHARE },
  async of(_inputs, { k }, context) {
    const pair = context.pair();
    const { closed, open } = await found(pair, k!, context);
    const [n, m] = [pair[0].count, pair[1].count];
    let missed = 1;
    for (let t = 1; t <= k!; t++) missed *= (n - t) / (n + m - t);
    return { value: closed.density, ...closed, open, expectedCoverage: 1 - missed };
  },
});

async function found([real, generated]: readonly [Rows, Rows], k: number, { where, long }: Context) {
  const hits = await hitsOf(where, await ballsOf(where, real, k, long), generated, long);
  const both = (kind: "closed" | "open") => ({
    density: hits[kind].ofPoints.reduce((total, count) => total + count, 0) / (k * generated.count),
    coverage: share(hits[kind].ofBalls),
  });
  return { closed: both("closed"), open: both("open") };
}
