import type { Rows } from "../data/rows.ts";
import { gpuOf } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { above, optional, whole } from "../formats/options.ts";
import { div, maximum, minimum, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { min, sum } from "../graph/ops/sum.ts";
import { frechetDistance } from "./frechet.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import { eachPair } from "./pairs.ts";
import type { SampleSet } from "./sets.ts";
import { NOT_NEGATIVE, meanAndVariance } from "./statistics.ts";

/** What mifid may be asked for. */
export interface MifidOptions extends HalvesOptions {
  /** A memorisation distance from here on counts as 1; 0.1. */
  readonly threshold?: number;
}

/** The parts of the memorisation-informed Fréchet distance. */
export interface Mifid {
  /** m: mean over generated rows of min_j (1 − |cos|) to the real ones. */
  readonly distance: number;
  /** The same over real rows, as torchmetrics has it. */
  readonly distanceOtherDirection: number;
  /** The Fréchet distance. */
  readonly frechet: number;
}

/**
 * Memorisation-informed Fréchet distance: FD / m, m = mean over generated rows of min_j (1 − |cos(G_i, R_j)|), 1 from the threshold on.
 *
 * 0 where FD ≤ 1e-8. |cos| takes −x for a copy of x. Packages differ in which set's rows m runs over; both are given. Source: Bai et al. 2021 (arXiv 2106.03062).
 *
 *     const { value, distance } = await mifid(a, b);
 */
export const mifid = /* @__PURE__ */ defineMeasure<[real: SampleSet, generated: SampleSet], MifidOptions, Mifid>({
  name: "mifid",
  sets: ["real", "generated"],
  options: { threshold: above(0, 0.1), resamples: optional(whole(0)) },
  halves: { value: NOT_NEGATIVE, distance: NOT_NEGATIVE, frechet: NOT_NEGATIVE },
  async of({ real: a, generated: b }, { threshold }, context) {
    const { where, long } = context;
    const [real, generated] = context.pair();
    const gpu = context.maybeGpu ? { gpu: context.maybeGpu } : {};
    const { value: frechet, warnings } = await frechetDistance(a as SampleSet, b as SampleSet, {
      interval: false,
      ...(context.insists || !context.maybeGpu || Array.isArray(a) || Array.isArray(b) ? gpu : {}),
      signal: long.signal,
    });
    // 1 − |cos| = ½ min(|u − v|², 4 − |u − v|²) of unit vectors, which loses nothing where it is small
    const blocks = await eachPair(
      unit(generated, long.signal),
      unit(real, long.signal),
      (squares) => {
        const gaps = mul(minimum(squares, sub(4, squares)), 0.5);
        return [min(gaps, 1), min(gaps, 0)];
      },
      { ...long, where },
    );
    const [rows, columns] = [new Float64Array(generated.count).fill(2), new Float64Array(real.count).fill(2)];
    for (const { i, j, found } of blocks) {
      for (const [r, value] of found[0]!.entries()) rows[i + r] = Math.min(rows[i + r]!, value);
      for (const [c, value] of found[1]!.entries()) columns[j + c] = Math.min(columns[j + c]!, value);
    }
    const distance = meanAndVariance(rows).mean;
    const value = frechet <= 1e-8 ? 0 : frechet / ((distance < threshold! ? distance : 1) + 1e-14);
    return { value, distance, distanceOtherDirection: meanAndVariance(columns).mean, frechet, warnings };
  },
});

/** Rows of length 1. */
const unit = (rows: Rows, signal?: AbortSignal): Rows => ({
  count: rows.count,
  dim: rows.dim,
  async batch(start, size) {
    const x = await rows.batch(start, size);
    const gpu = gpuOf("mifid", x);
    // stored, so that a pair has one number wherever it is computed
    const body = () => [div(x, maximum(sqrt(sum(square(x), 1, { keepDims: true })), 1e-30))] as const;
    const [scaled] = await stored(gpu, body, signal).finally(() => rows.keeps !== true && x.dispose());
    return scaled;
  },
});
