import { gpuOfRows } from "../data/rows.ts";
import { optional, whole } from "../formats/options.ts";
import { div, greaterEqual, lessEqual, maximum, where as select } from "../graph/ops/arithmetic.ts";
import { slice } from "../graph/ops/slice.ts";
import { max, min } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { PairDistances } from "../linalg/pairDistances.ts";
import { type Balls, ballsOf } from "./balls.ts";
import type { HalvesOptions } from "./halves.ts";
import { type Context, defineMeasure } from "./measure.ts";
import { eachPair } from "./pairs.ts";
import type { SampleSet } from "./sets.ts";
import { NOT_NEGATIVE, median } from "./statistics.ts";

/** What realism and rarity may be asked for. */
export interface BallOptions extends HalvesOptions {
  /** A ball reaches to the k-th other real row; 3. */
  readonly k?: number;
}

/** The parts of realism. */
export interface Realism {
  /** Of each generated row; ∞ on a copy of a real one. */
  readonly values: Float64Array;
}

/**
 * Realism of each generated row y: max over real rows with r_k(i) ≤ median r of r_k(i)/|y − R_i|; above 1 inside the manifold, ∞ on a copy. The value is the median.
 *
 * Distances, not squares (the published code returns the square). Source: Kynkäänniemi et al. 2019.
 *
 *     const { values } = await realism(a, b);
 */
export const realism = /* @__PURE__ */ defineMeasure<[real: SampleSet, generated: SampleSet], BallOptions, Realism>({
  name: "realism",
  sets: ["real", "generated"],
  options: { k: whole(1, 3), resamples: optional(whole(0)) },
  halves: { value: NOT_NEGATIVE },
  async of(_inputs, { k }, context) {
    const [real, generated] = context.pair();
    const balls = await ballsOf(context.where, real, k!, context.long);
    const limit = median(balls.squared);
    const radii = balls.squared.map((r) => (r <= limit ? r : 0));
    const best = await overBalls(balls, radii, generated, context, -Infinity, Math.max, (squares, own) => [
      // the largest number of all stands for a division by 0
      max(select(lessEqual(squares, 0), 3e38, div(own, maximum(squares, 1e-37))), 0),
    ]);
    const values = best.map((ratio) => (ratio >= 3e38 ? Infinity : Math.sqrt(ratio)));
    return { value: median(values), values };
  },
});

/** The parts of rarity. */
export interface Rarity {
  /** Of each generated row; ∞ outside of all balls. */
  readonly values: Float64Array;
  /** Share of generated rows that lie in no ball. */
  readonly outside: number;
}

/**
 * Rarity of each generated row: the smallest r_k(i) among the real balls that hold it; ∞ outside of all, where the published code writes 0. The value is the median
 * of those inside. Large where real rows are sparse. Source: Han et al. 2022 (arXiv 2206.08549).
 *
 *     const { values } = await rarity(a, b);
 */
export const rarity = /* @__PURE__ */ defineMeasure<[real: SampleSet, generated: SampleSet], BallOptions, Rarity>({
  name: "rarity",
  sets: ["real", "generated"],
  options: { k: whole(1, 3), resamples: optional(whole(0)) },
  halves: { value: NOT_NEGATIVE },
  async of(_inputs, { k }, context) {
    const [real, generated] = context.pair();
    const balls = await ballsOf(context.where, real, k!, context.long);
    const least = await overBalls(
      balls,
      balls.squared,
      generated,
      context,
      Infinity,
      Math.min,
      (_squares, own, { exact }) => [min(select(greaterEqual(own, exact(own)), own, 3e38), 0)],
    );
    const values = least.map((r) => (r >= 3e38 ? Infinity : Math.sqrt(r)));
    const inside = values.filter(Number.isFinite);
    return { value: inside.length > 0 ? median(inside) : Infinity, values, outside: 1 - inside.length / values.length };
  },
});

/** The best of what each ball says of each point. */
async function overBalls(
  balls: Balls,
  squared: Float32Array<ArrayBuffer>,
  points: Balls["rows"],
  { where, long }: Context,
  start: number,
  better: (a: number, b: number) => number,
  use: (squares: Tensor, own: Tensor, pairs: PairDistances) => Tensor[],
): Promise<Float64Array> {
  const radii = (await gpuOfRows(where, balls.rows)).tensor(squared, [squared.length, 1]);
  try {
    const blocks = await eachPair(
      balls.rows,
      points,
      (squares, i, _j, pairs) => use(squares, slice(radii, 0, i, i + squares.shape[0]!), pairs),
      { ...long, where },
    );
    const best = new Float64Array(points.count).fill(start);
    for (const { j, found } of blocks)
      for (const [c, value] of found[0]!.entries()) best[j + c] = better(best[j + c]!, value);
    return best;
  } finally {
    radii.dispose();
  }
}
