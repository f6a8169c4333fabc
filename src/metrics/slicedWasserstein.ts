import { flag, numbers, optional, whole } from "../formats/options.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import { squaredPerDirection } from "./projections.ts";
import type { SampleSet } from "./sets.ts";
import { NOT_NEGATIVE, meanAndVariance, normalInterval } from "./statistics.ts";
import { subset } from "./subset.ts";
import { rowsOf } from "../data/rows.ts";

/** What slicedWasserstein may be asked for. */
export interface SlicedOptions extends HalvesOptions {
  /** Random directions; 1000. */
  readonly projections?: number;
  /** Directions [m, d] to take instead, as they are. */
  readonly directions?: readonly ArrayLike<number>[];
}

/** The parts of a sliced Wasserstein distance. */
export interface SlicedWasserstein {
  /** W₂² along each direction. */
  readonly squaredPerDirection: Float64Array;
  /** 3d times their mean. */
  readonly mind: number;
}

/**
 * Sliced 2-Wasserstein distance: √ of the mean over directions u of W₂²(uᵀa, uᵀb). Sets of unlike size have their quantile functions merged, exactly.
 *
 * Sees any difference of laws, weakly in high dimensions; biased upwards in n. The deviation is over directions, not samples.
 * Source: Bonneel et al. 2015.
 *
 *     const { value } = await slicedWasserstein(a, b, { projections: 64 });
 */
export const slicedWasserstein = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  SlicedOptions,
  SlicedWasserstein
>({
  name: "slicedWasserstein",
  sets: ["real", "generated"],
  options: { projections: whole(1, 1000), directions: numbers(), resamples: optional(whole(0)) },
  apart: { directions: ["projections"] },
  halves: { value: NOT_NEGATIVE },
  async of(_inputs, { projections, directions }, context) {
    const pair = context.pair();
    const squares = await squaredPerDirection(pair, directions, projections!, context);
    const { mean, variance } = meanAndVariance(squares);
    const value = Math.sqrt(mean);
    const deviation = value > 0 ? Math.sqrt(variance / squares.length) / (2 * value) : 0;
    const interval = normalInterval(value, deviation, context.level);
    return { value, squaredPerDirection: squares, mind: 3 * pair[0].dim * mean, deviation, interval };
  },
});

/** What mind may be asked for. */
export interface MindOptions extends SlicedOptions {
  /** Cuts the larger set down to a random subset of the smaller one's size, as the definition's code does; false: quantiles are merged. */
  readonly subsample?: boolean;
}

/** The parts of MIND. */
export interface Mind {
  /** W₂² along each direction. */
  readonly squaredPerDirection: Float64Array;
  /** Deviation of one direction's 3d·W₂². */
  readonly deviationPerProjection: number;
}

/**
 * MIND: 3d · mean over directions of W₂², a squared distance that equals 3|c|² on average for a shift by c.
 *
 * Zero only for equal sets, biased upwards in n, weak in high dimensions, where differences are averaged over all directions.
 * Source: arXiv 2605.06797; torch-fidelity metric_mind.py.
 *
 *     const { value } = await mind(a, b, { projections: 64 });
 */
export const mind = /* @__PURE__ */ defineMeasure<[real: SampleSet, generated: SampleSet], MindOptions, Mind>({
  name: "mind",
  sets: ["real", "generated"],
  options: {
    projections: whole(1, 1000),
    directions: numbers(),
    subsample: flag(false),
    resamples: optional(whole(0)),
  },
  apart: { directions: ["projections"] },
  halves: { value: NOT_NEGATIVE },
  async of(_inputs, { projections, directions, subsample }, context) {
    let [a, b] = context.pair();
    const least = Math.min(a.count, b.count);
    const cut =
      subsample && a.count !== b.count
        ? await subset(a.count > least ? a : b, least, { seed: context.seed(), step: 0 }, context.long.signal)
        : null;
    if (cut) [a, b] = a.count > least ? [rowsOf("mind", cut), b] : [a, rowsOf("mind", cut)];
    const squares = await squaredPerDirection([a, b], directions, projections!, context).finally(() => cut?.dispose());
    const { mean, variance } = meanAndVariance(squares.map((square) => 3 * a.dim * square));
    const deviation = Math.sqrt(variance / squares.length);
    const interval = normalInterval(mean, deviation, context.level);
    const parts = { squaredPerDirection: squares, deviationPerProjection: Math.sqrt(variance) };
    return { value: mean, ...parts, deviation, interval };
  },
});
