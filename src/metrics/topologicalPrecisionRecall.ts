import { gpuOf, gpuOfRows, type Rows, rowsOf } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { anything, inside, oneOf, optional, whole } from "../formats/options.ts";
import { less, mul, sqrt, where as select } from "../graph/ops/arithmetic.ts";
import { cos } from "../graph/ops/elementwise.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { random } from "../graph/ops/random.ts";
import { transpose } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import type { Tensor } from "../graph/tensor.ts";
import { draws, STREAMS } from "./bootstrap.ts";
import type { HalvesOptions } from "./halves.ts";
import { type Context, defineMeasure } from "./measure.ts";
import { nearest } from "./nearest.ts";
import { eachPair } from "./pairs.ts";
import { type SampleSet, onWholes } from "./sets.ts";
import { SHARE, median, quantile } from "./statistics.ts";

/** What topologicalPrecisionRecall may be asked for. */
export interface TopologicalOptions extends HalvesOptions {
  /** The kernel: "cosine". */
  readonly kernel?: "cosine";
  /** Width for both sets, or [real, generated]; the median distance to the 5d-th neighbour. */
  readonly bandwidth?: number | readonly [number, number];
  /** Density below which support ends, [real, generated], of the mean of cosines without its constant; from the bootstrap. */
  readonly threshold?: number | readonly [number, number];
  /** 1 − confidence of the bootstrap's band; 0.1. */
  readonly alpha?: number;
  /** Bootstrap draws of the thresholds; 10. With 0 they are 0. */
  readonly repeats?: number;
  /** More features than this are projected to as many at random; 32. */
  readonly dimensions?: number;
}

/** The parts of topological precision and recall. */
export interface TopologicalPrecisionRecall {
  /** Share of the generated support inside the real one. */
  readonly precision: number;
  /** Share of the real support inside the generated one. */
  readonly recall: number;
  /** Their harmonic mean. */
  readonly f1: number;
  /** Widths that were taken, [real, generated]. */
  readonly bandwidth: readonly [number, number];
  /** Thresholds that were taken, [real, generated]. */
  readonly threshold: readonly [number, number];
}

/**
 * Topological precision and recall: overlap of the supports that a density estimate stands out in with confidence.
 *
 *     p̂(y) = mean_i cos(½π |y − R_i|/h) · 1[|y − R_i| < h],   TopP = #{G: q̂ > c_G, p̂ > c_R} / #{G: q̂ > c_G},   TopR mirrored
 *
 * c is the (1 − α) quantile of sup |p̂ − p̂*| over bootstrap draws. The value is precision. Resists outliers and noise; blind below c.
 * Source: Kim et al. 2023 (arXiv 2306.08013); widths from all neighbours, and without the constant (π/4h)^d, which leaves the numbers' range.
 *
 *     const { precision, recall } = await topologicalPrecisionRecall(a, b);
 */
export const topologicalPrecisionRecall = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  TopologicalOptions,
  TopologicalPrecisionRecall
>({
  name: "topologicalPrecisionRecall",
  sets: ["real", "generated"],
  options: {
    kernel: oneOf("cosine"),
    bandwidth: anything(),
    threshold: anything(),
    alpha: inside(0, 1, 0.1),
    repeats: whole(0, 10),
    dimensions: whole(1, 32),
    resamples: optional(whole(0)),
  },
  apart: { threshold: ["alpha", "repeats"] },
  halves: { value: SHARE, precision: SHARE, recall: SHARE, f1: SHARE },
  async of(_inputs, { bandwidth, threshold, alpha, repeats, dimensions }, context) {
    const { where } = context;
    const given = context.pair();
    const projected = given[0].dim > dimensions! ? await projectedTo(given, dimensions!, context) : null;
    const sets = projected ? (projected.map((x) => rowsOf(where, x)) as [Rows, Rows]) : given;
    try {
      const both = (value: unknown) =>
        (typeof value === "number" ? [value, value] : value) as [number, number] | undefined;
      const widths = both(bandwidth) ?? [await widthOf(sets[0], context), await widthOf(sets[1], context)];
      const own: Float64Array[] = [];
      const limits = both(threshold) ?? [0, 0];
      for (const [k, rows] of sets.entries()) {
        const { density, apart } = await densityAt(
          rows,
          rows,
          widths[k]!,
          threshold === undefined ? repeats! : 0,
          k,
          context,
        );
        own.push(density);
        if (threshold === undefined && repeats! > 0) limits[k] = quantile(apart.sort(), 1 - alpha!);
      }
      const [ofGenerated, ofReal] = [
        (await densityAt(sets[0], sets[1], widths[0]!, 0, 0, context)).density,
        (await densityAt(sets[1], sets[0], widths[1]!, 0, 0, context)).density,
      ];
      const precision = overlap(own[1]!, limits[1]!, ofGenerated, limits[0]!);
      const recall = overlap(own[0]!, limits[0]!, ofReal, limits[1]!);
      const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
      return { value: precision, precision, recall, f1, bandwidth: widths as [number, number], threshold: limits };
    } finally {
      for (const x of projected ?? []) x.dispose();
    }
  },
});

/** Of the points with `own` above its limit, the share whose `other` is above its own. */
function overlap(own: Float64Array, ownLimit: number, other: Float64Array, otherLimit: number): number {
  let [inside, both] = [0, 0];
  for (const [i, value] of own.entries()) {
    if (!(value > ownLimit)) continue;
    inside++;
    if (other[i]! > otherLimit) both++;
  }
  return inside > 0 ? both / inside : 0;
}

/** The median distance to the 5d-th neighbour, or to the furthest of fewer. */
async function widthOf(rows: Rows, { where, long }: Context): Promise<number> {
  const k = Math.min(5 * rows.dim, rows.count - 1);
  const { distances } = await nearest(rows, rows, k, { ...long, where, others: true });
  return median(Float64Array.from({ length: rows.count }, (_, i) => distances[i * k + k - 1]!));
}

/** p̂ of `samples` at `points`, and for each of `repeats` bootstrap draws how far p̂* is from it at most. */
async function densityAt(
  samples: Rows,
  points: Rows,
  h: number,
  repeats: number,
  set: number,
  { where, seed, long }: Context,
) {
  const n = samples.count;
  // one column of weights for p̂ itself, and one a draw
  const weights = new Float32Array(n * (1 + repeats));
  for (let i = 0; i < n; i++) weights[i * (1 + repeats)] = 1;
  for (let t = 1; t <= repeats; t++)
    for (const i of draws(n, n, seed(), 2 * t + set)) weights[i * (1 + repeats) + t]! += 1;
  const gpu = await gpuOfRows(where, samples);
  const owned = [gpu.tensor(weights, [n, 1 + repeats]), gpu.tensor([Math.PI / 2 / h, h * h])];
  const [all, width] = owned as [Tensor, Tensor];
  try {
    const blocks = await eachPair(
      samples,
      points,
      (squares, i) => {
        const angle = mul(sqrt(squares), slice(width, 0, 0, 1));
        const cosines = select(less(squares, slice(width, 0, 1, 2)), cos(angle), 0);
        return [matmul(transpose(slice(all, 0, i, i + squares.shape[0]!)), cosines)];
      },
      { ...long, where },
    );
    const sums = new Float64Array((1 + repeats) * points.count);
    for (const { j, columns, found } of blocks)
      for (const [at, value] of found[0]!.entries())
        sums[Math.floor(at / columns) * points.count + j + (at % columns)]! += value / n;
    const density = sums.slice(0, points.count);
    const apart = Float64Array.from({ length: repeats }, (_, t) =>
      density.reduce((most, value, j) => Math.max(most, Math.abs(value - sums[(t + 1) * points.count + j]!)), 0),
    );
    return { density, apart };
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}

/** Both sets through one random matrix of normal numbers, scaled as Xavier's. */
async function projectedTo(
  sets: readonly [Rows, Rows],
  k: number,
  { where, seed, long: { signal } }: Context,
): Promise<Tensor[]> {
  const d = sets[0].dim;
  const draw = { seed: seed(), stream: STREAMS.direction };
  const projected = async (...wholes: Tensor[]): Promise<Tensor[]> => {
    const gpu = gpuOf(where, wholes[0]!);
    return stored(
      gpu,
      () => {
        const matrix = mul(random.normal(gpu, [d, k], draw), Math.sqrt(2 / (d + k)));
        return wholes.map((x) => matmul(x, matrix));
      },
      signal,
    );
  };
  return onWholes(where, sets, projected, signal);
}
