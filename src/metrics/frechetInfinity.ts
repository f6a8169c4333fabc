import type { Samples } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { Moments } from "../linalg/moments.ts";
import { frechetDistance } from "./frechet.ts";
import { defineMeasure } from "./measure.ts";
import { anything, whole } from "./options.ts";
import type { SampleSet } from "./sets.ts";
import { normalInterval } from "./statistics.ts";
import { subset } from "./subset.ts";

/** What frechetDistanceInfinity may be asked for. */
export interface FrechetInfinityOptions {
  /** How many sizes, evenly from the smallest to all rows; 15. */
  readonly count?: number;
  /** The smallest size; 5000, or a tenth of the rows where there are fewer than 50,000. */
  readonly smallest?: number;
  /** Sizes to take instead, or distances that are known: { n, values }. */
  readonly points?: readonly number[] | { readonly n: readonly number[]; readonly values: readonly number[] };
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
 * The deviation is the intercept's by regression; subsets share rows, so it is too small. Source: Chong & Forsyth 2020 (arXiv 1911.07023).
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
  also: ["n", "values"],
  options: { count: whole(2, 15), smallest: whole(2, undefined), points: anything() },
  random: true,
  async of(inputs, { count, smallest, points }, context) {
    const { where, seed, level, long } = context;
    const known = ("n" in inputs ? inputs : Array.isArray(points) ? undefined : points) as
      { readonly n: number[]; readonly values: number[] } | undefined;
    const values: number[] = known ? known.values : [];
    let n: readonly number[] = known ? known.n : [];
    if (!known) {
      const { real } = inputs;
      const reference = real instanceof Moments ? real : await Moments.of(context.rows("real") as Samples, long);
      const generated = context.rows("generated");
      context.count("real", reference.count);
      const most = generated.count;
      const least = smallest ?? Math.min(5000, Math.max(Math.floor(most / 10), 2));
      const equallySpaced = Array.from({ length: count! }, (_, i) =>
        Math.floor(least + ((most - least) * i) / (count! - 1)),
      );
      n = (points as readonly number[] | undefined) ?? equallySpaced;
      for (const [step, size] of n.entries()) {
        check(Number.isInteger(size) && size >= 2 && size <= most, "argument", where, () => {
          return `expected points from 2 to ${most}, the generated rows; got ${size}.`;
        });
        const part = await subset(generated, size, seed, step);
        const found = await frechetDistance(reference, part, {
          interval: false,
          ...(long.signal ? { signal: long.signal } : {}),
        });
        values.push(found.value);
        part.dispose();
      }
    }
    check(Array.isArray(n) && n.length >= 2 && n.length === values.length, "data", where, () => {
      return `expected at least two sizes n, and as many values; got ${n?.length} and ${values?.length}.`;
    });
    const x = n.map((size) => 1 / size);
    const [meanX, meanY] = [x, values].map((all) => all.reduce((a, b) => a + b, 0) / all.length) as [number, number];
    const sumOfSquares = x.reduce((total, value) => total + (value - meanX) ** 2, 0);
    const slope = x.reduce((total, value, i) => total + (value - meanX) * (values[i]! - meanY), 0) / sumOfSquares;
    const value = meanY - slope * meanX;
    const rest =
      values.reduce((total, y, i) => total + (y - value - slope * x[i]!) ** 2, 0) / Math.max(1, n.length - 2);
    const deviation = Math.sqrt(rest * (1 / n.length + meanX ** 2 / sumOfSquares));
    return { value, slope, points: { n, values }, deviation, interval: normalInterval(value, deviation, level) };
  },
});
