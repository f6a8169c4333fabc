import { hitsOf } from "./balls.ts";
import { optional, whole } from "../formats/options.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import { joined, type SampleSet } from "./sets.ts";
import { SHARE, normalTail } from "./statistics.ts";

/** What nearestNeighbourTest may be asked for. */
export type NearestNeighbourTestOptions = HalvesOptions;

/** The parts of the nearest-neighbour two-sample test. */
export interface NearestNeighbourTest {
  /** Share of pooled rows whose nearest other row is of their own set. */
  readonly accuracy: number;
  /** Of the real rows. */
  readonly accuracyReal: number;
  /** Of the generated rows. */
  readonly accuracyGenerated: number;
  /** What accuracy is on average if both sets have one law. */
  readonly expected: number;
  /** (accuracy − expected) over its deviation under relabelling. */
  readonly z: number;
  /** One-sided: how often relabelling gives as much or more. */
  readonly p: number;
}

/**
 * Leave-one-out 1-nearest-neighbour two-sample test on the pooled rows. Above `expected` the sets differ; below, generated rows lie on real ones: memorised or collapsed
 * (0 for a set and itself). Equal nearest neighbours share a vote. The law of the accuracy is that of relabelling the rows on their fixed neighbour graph:
 *
 *     variance of hits = N p₂ + a p₂ + b p₃ + e p₄ − (N p₂)²,   a mutual pairs, b pairs that share a row, e the rest
 *
 * Source: Lopez-Paz & Oquab 2017 (arXiv 1610.06545); Schilling 1986.
 *
 *     const { accuracy, p } = await nearestNeighbourTest(a, b);
 */
export const nearestNeighbourTest = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  NearestNeighbourTestOptions,
  NearestNeighbourTest
>({
  name: "nearestNeighbourTest",
  sets: ["real", "generated"],
  options: { resamples: optional(whole(0)) },
  halves: { value: SHARE, accuracyReal: SHARE, accuracyGenerated: SHARE },
  async of(_inputs, _options, { where, pair, long }) {
    const [real, generated] = pair();
    const pool = joined([real, generated]);
    const [n, m] = [real.count, generated.count];
    const all = n + m;
    const { squared, indices } = await nearest(pool, pool, 1, { ...long, where, others: true });
    const balls = { rows: pool, squared };
    const nearReal = (await hitsOf(where, balls, real, long)).closed.ofBalls;
    const nearGenerated = (await hitsOf(where, balls, generated, long)).closed.ofBalls;
    let [right, rightReal] = [0, 0];
    for (let i = 0; i < all; i++) {
      // a row is within its own ball, too
      const own = (i < n ? nearReal[i]! : nearGenerated[i]!) - 1;
      const share = own / (nearReal[i]! + nearGenerated[i]! - 1);
      right += share;
      if (i < n) rightReal += share;
    }
    const falling = (x: number, k: number) => Array.from({ length: k }, (_, i) => x - i).reduce((a, b) => a * b, 1);
    const p2 = (falling(n, 2) + falling(m, 2)) / falling(all, 2);
    const p3 = (falling(n, 3) + falling(m, 3)) / falling(all, 3);
    const p4 = (falling(n, 4) + falling(m, 4) + 2 * falling(n, 2) * falling(m, 2)) / falling(all, 4);
    const pointed = new Float64Array(all);
    for (const j of indices) pointed[j]! += 1;
    const mutual = indices.reduce((sum, j, i) => sum + Number(indices[j] === i), 0);
    const sharing = pointed.reduce((sum, count) => sum + count * (count - 1), 0) + 2 * all - 2 * mutual;
    const rest = all * (all - 1) - mutual - sharing;
    const variance = all * p2 + mutual * p2 + sharing * p3 + rest * p4 - (all * p2) ** 2;
    const accuracy = right / all;
    const deviation = Math.sqrt(Math.max(0, variance)) / all;
    const z = deviation > 0 ? (accuracy - p2) / deviation : 0;
    const parts = { accuracy, accuracyReal: rightReal / n, accuracyGenerated: (right - rightReal) / m, expected: p2 };
    return { value: accuracy, ...parts, z, p: normalTail(z), deviation };
  },
});
