import { ballsOf, hitsOf } from "./balls.ts";
import { check } from "../device/errors.ts";
import type { Rows } from "../data/rows.ts";
import { optional, whole } from "../formats/options.ts";
import type { HalvesOptions } from "./halves.ts";
import { type Context, defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { SHARE, logChoose, logGamma, meanAndVariance, median } from "./statistics.ts";

/** What clippedDensityCoverage may be asked for. */
export interface ClippedOptions extends HalvesOptions {
  /** A ball reaches to the k-th other real row; 5. */
  readonly k?: number;
}

/** The parts of clipped density and coverage. */
export interface Clipped {
  /** Share of good generated rows, in [0, 1]. */
  readonly density: number;
  /** The same before it is cut at 1. */
  readonly densityUnclipped: number;
  /** Share of the real law that is covered, in [0, 1]. */
  readonly coverage: number;
  /** Coverage before its calibration. */
  readonly coverageRaw: number;
  /** What the raw one would be on average if both sets had one law. */
  readonly expectedRaw: number;
}

/**
 * Clipped density and coverage, calibrated so that they fall linearly with the share of bad rows. With r′ = min(r_k, median r_k):
 *
 *     density    mean_j min(#{i: |G_j − R_i| ≤ r′_i}/k, 1), over the same of real rows among their k neighbours
 *     coverage   the share of s in 0 … m whose expectation f(s) under one law is below y = mean_i min(#{j: |G_j − R_i| < r_k(i)}, k)/k
 *
 * f(s) = E min(J, k)/k, J beta-binomial(s, k, n − k). The value is density. Blind where m ≪ n: a single repeated point then covers all; it warns.
 * Throws LatentError("argument") where the real set has no k other rows, "data" on fewer than k generated ones. Source: Salvy et al. 2025 (arXiv 2507.01761).
 *
 *     const { density, coverage } = await clippedDensityCoverage(a, b);
 */
export const clippedDensityCoverage = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  ClippedOptions,
  Clipped
>({
  name: "clippedDensityCoverage",
  sets: ["real", "generated"],
  options: { k: whole(1, 5), resamples: optional(whole(0)) },
  halves: { value: SHARE, density: SHARE, coverage: SHARE },
  async of(_inputs, { k }, context) {
    const pair = context.pair();
    const [n, m] = [pair[0].count, pair[1].count];
    check(m >= k!, "data", context.where, () => `expected at least k = ${k} generated rows; got ${m}.`);
    const all = await found(pair, k!, context);
    const warnings =
      m < n / 2 ? [`${m} generated rows are few beside ${n} real ones: coverage cannot tell a collapsed model.`] : [];
    return { value: all.density, ...all, warnings };
  },
});

async function found([real, generated]: readonly [Rows, Rows], k: number, { where, long }: Context) {
  const [n, m] = [real.count, generated.count];
  const balls = await ballsOf(where, real, k, long);
  const limit = median(balls.squared);
  const cut = Float32Array.from(balls.squared, (r) => Math.min(r, limit));
  const near = await hitsOf(where, { rows: real, squared: cut }, generated, long);
  const clip = (counts: Float64Array) => meanAndVariance(counts.map((count) => Math.min(count / k, 1))).mean;
  const own = new Float64Array(n);
  const { squared, indices } = balls.neighbours;
  for (let at = 0; at < n * k; at++) if (squared[at]! <= cut[Math.floor(at / k)]!) own[indices[at]!]! += 1;
  const densityUnclipped = clip(near.closed.ofPoints) / clip(own);
  const coverageRaw = clip((await hitsOf(where, balls, generated, long)).open.ofBalls);
  // f grows with s: the first s that is not below y is how many there are
  let [low, high] = [0, m + 1];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (expected(mid, k, n) < coverageRaw) low = mid + 1;
    else high = mid;
  }
  const density = Math.min(1, densityUnclipped);
  return { density, densityUnclipped, coverage: low / (m + 1), coverageRaw, expectedRaw: expected(m, k, n) };
}

/** f(s): E min(J, k)/k with J beta-binomial(s, k, n − k); 0 for s < k. */
function expected(s: number, k: number, n: number): number {
  if (s < k) return 0;
  const logBeta = (a: number, b: number) => logGamma(a) + logGamma(b) - logGamma(a + b);
  let missing = 0;
  for (let j = 0; j < k; j++)
    missing += (1 - j / k) * Math.exp(logChoose(s, j) + logBeta(j + k, s - j + n - k) - logBeta(k, n - k));
  return 1 - missing;
}
