import type { Samples } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { numbers, optional, whole } from "../formats/options.ts";
import { Moments } from "../linalg/moments.ts";
import { numbersOf } from "../linalg/numbers.ts";
import { frechetDistance } from "./frechet.ts";
import { type FrechetDeviation, frechetDeviation, hasInterval, limitsOf } from "./frechetDeviation.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { subset } from "./subset.ts";

/** What frechetDistanceInfinity may be asked for. */
export interface FrechetInfinityOptions {
  /** How many sizes, evenly from the smallest to all rows; 15. */
  readonly count?: number;
  /** The smallest size; 5000, or a tenth of the rows where there are fewer than 50,000. */
  readonly smallest?: number;
  /** Sizes to take instead. */
  readonly points?: readonly number[];
}

/** The parts of an extrapolated Fréchet distance. */
export interface FrechetInfinity {
  /** How fast the distance falls with 1/N. */
  readonly slope: number;
  /** The sizes N and distances that the line goes through. */
  readonly points: { readonly n: readonly number[]; readonly values: readonly number[] };
}

/**
 * The Fréchet distance extrapolated to infinitely many generated rows: the intercept of the least-squares line of FD_N over 1/N, each FD_N of a random
 * subset (without replacement) against the moments of all real rows. It removes the bias of the generated set; that of the real set stays.
 *
 * The interval is the Fréchet distance's own (frechetDistance), about the value less the bias of the real set, widened by the line's error. Of distances found
 * elsewhere, `frechetDistanceInfinity({ n, values })`, only the line's error is known, which is too small where subsets share rows: a deviation, no interval. Source: Chong & Forsyth 2020 (arXiv 1911.07023).
 * Throws LatentError("data") where there are fewer than two sizes.
 *
 *     const { value, slope } = await frechetDistanceInfinity(a, b);
 */
export const frechetDistanceInfinity = /* @__PURE__ */ defineMeasure<
  [real: Moments | SampleSet, generated: SampleSet],
  FrechetInfinityOptions,
  FrechetInfinity
>({
  name: "frechetDistanceInfinity",
  sets: ["real", "generated"],
  instead: ["n", "values"],
  options: { count: whole(2, 15), smallest: optional(whole(2)), points: numbers() },
  apart: { points: ["count", "smallest"] },
  async of(inputs, { count, smallest, points }, context) {
    const { where, seed, level, interval, long } = context;
    const isKnown = inputs.n !== undefined;
    const values = isKnown ? [...numbersOf(where, "values", inputs.values)] : [];
    let n = isKnown ? [...numbersOf(where, "n", inputs.n)] : [];
    let ofSampling: FrechetDeviation | undefined;
    if (!isKnown) {
      const { real } = inputs;
      const reference = real instanceof Moments ? real : await Moments.of(context.rows("real") as Samples, long);
      const generated = context.rows("generated");
      context.count("real", reference.count);
      const most = generated.count;
      const least = smallest ?? Math.min(5000, Math.max(Math.floor(most / 10), 2));
      const equallySpaced = Array.from({ length: count! }, (_, i) =>
        Math.floor(least + ((most - least) * i) / (count! - 1)),
      );
      n = points ? [...points] : equallySpaced;
      for (const [step, size] of n.entries()) {
        check(Number.isInteger(size) && size >= 2 && size <= most, "argument", where, () => {
          return `expected points from 2 to ${most}, the generated rows; got ${size}.`;
        });
        const part = await subset(generated, size, { seed: seed(), step }, long.signal);
        const options = { interval: false, signal: long.signal };
        const found = await frechetDistance(reference, part, options).finally(() => part.dispose());
        values.push(found.value);
      }
      if (!(real instanceof Moments) && hasInterval(interval, reference.dim, [reference.count, most])) {
        const all = await Moments.of(generated, long);
        ofSampling = await frechetDeviation([context.rows("real"), generated], [reference, all], long);
      }
    }
    check(n.length >= 2 && n.length === values.length, "data", where, () => {
      return `expected at least two sizes n, and as many values; got ${n.length} and ${values.length}.`;
    });
    const x = n.map((size) => 1 / size);
    const [meanX, meanY] = [x, values].map((all) => all.reduce((a, b) => a + b, 0) / all.length) as [number, number];
    const sumOfSquares = x.reduce((total, value) => total + (value - meanX) ** 2, 0);
    const slope = x.reduce((total, value, i) => total + (value - meanX) * (values[i]! - meanY), 0) / sumOfSquares;
    const value = meanY - slope * meanX;
    const rest =
      values.reduce((total, y, i) => total + (y - value - slope * x[i]!) ** 2, 0) / Math.max(1, n.length - 2);
    const ofLine = Math.sqrt(rest * (1 / n.length + meanX ** 2 / sumOfSquares));
    const parts = { value, slope, points: { n, values } };
    if (ofSampling === undefined) return { ...parts, deviation: ofLine };
    const deviation = Math.hypot(ofLine, ofSampling.deviation);
    return { ...parts, deviation, interval: limitsOf(value - ofSampling.biases[0], deviation, level) };
  },
});
