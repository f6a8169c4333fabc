import { check } from "../device/errors.ts";
import type { Rows } from "../data/rows.ts";
import { blocksOf, kernelVariance, subsetsOf } from "./kernelVariance.ts";
import { type Kernel, kernelSums, medianDistance, typical } from "./kernelSums.ts";
import { type Context, defineMeasure } from "./measure.ts";
import { above, oneOf, whole } from "./options.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What kernelDistance may be asked for. */
export interface KernelDistanceOptions {
  /** (x·y/d + 1)³, as KID has it (the default), or exp(−|x − y|²/2σ²). */
  readonly kernel?: "polynomial" | "rbf";
  /** Of the rbf kernel; the median distance of real rows. */
  readonly sigma?: number;
  /** What `value` is; "unbiased". "u" takes pairs of rows and needs equal sizes. */
  readonly estimator?: "unbiased" | "biased" | "u";
  /** Multiplies every result; 1, and 1000 for CMMD. */
  readonly scale?: number;
  /** Random subsets whose mean the value is instead, as packages have it (100 of 1000). */
  readonly subsets?: number;
  /** Rows of a subset; 1000. */
  readonly subsetSize?: number;
  /** Rows of disjoint blocks whose mean the value is instead: their deviation over √blocks is an honest standard error. */
  readonly blockSize?: number;
}

/** The parts of a kernel distance. */
export interface KernelDistance {
  /** Without the pairs of a row with itself; may be below 0. */
  readonly unbiased: number;
  /** With them. */
  readonly biased: number;
  /** Of sets of equal size: without the pairs of rows with one number in the cross term as well. */
  readonly uStatistic?: number | undefined;
  /** Of sets of equal size: the plug-in variance of the unbiased value; it may be below 0. */
  readonly variance?: number | undefined;
  /** The variance's first-order part. */
  readonly zeta1?: number | undefined;
  /** Its second-order part. */
  readonly zeta2?: number | undefined;
  /** σ of the rbf kernel. */
  readonly sigma?: number | undefined;
}

/**
 * Squared maximum mean discrepancy of all rows:  mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y). With the polynomial kernel and Inception features it is
 * KID; with the rbf kernel, σ = 10, `scale` 1000 and unit CLIP features, `biased` is CMMD.
 *
 * Sums of k less a typical value on the GPU, ended in float64. The polynomial kernel sees moments up to the third and has no bias in n. The deviation is the
 * value's own; of sets of unlike size to first order. Throws LatentError("argument") on subsets larger than a set.
 * Source: Gretton et al. 2012; Bińkowski et al. 2018; variance: Sutherland et al. 2017.
 *
 *     const { value, deviation } = await kernelDistance(a, b);
 */
export const kernelDistance = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  KernelDistanceOptions,
  KernelDistance
>({
  name: "kernelDistance",
  sets: ["real", "generated"],
  options: {
    kernel: oneOf(["polynomial", "rbf"], "polynomial"),
    sigma: above(0, undefined),
    estimator: oneOf(["unbiased", "biased", "u"], "unbiased"),
    scale: above(0, 1),
    subsets: whole(1, undefined),
    subsetSize: whole(2, undefined),
    blockSize: whole(2, undefined),
  },
  random: true,
  async of(_inputs, options, context) {
    const { where, level, long } = context;
    const pair = context.pair();
    const [real, generated] = pair;
    const sigma = options.kernel === "rbf" ? (options.sigma ?? (await medianDistance(real, long.signal))) : undefined;
    const kernel: Kernel = sigma === undefined ? { kernel: "polynomial" } : { kernel: "rbf", sigma };
    const least = Math.min(real.count, generated.count);
    const isU = options.estimator === "u";
    check(least >= 2, "data", where, () => `too few rows. Expected at least 2 in each set; got ${least}.`);
    check(!isU || real.count === generated.count, "argument", where, () => {
      return `the estimator "u" needs sets of one size; got ${real.count} and ${generated.count}.`;
    });
    const all = await distanceOf(pair, kernel, options.scale!, context);
    const name = isU ? "uStatistic" : options.estimator!;
    const parts = options.blockSize
      ? blocksOf(pair, options.blockSize, context)
      : options.subsets !== undefined || options.subsetSize !== undefined
        ? subsetsOf(pair, options.subsets ?? 100, options.subsetSize ?? 1000, context)
        : undefined;
    const warnings = all.meanKernel > 0.95 && sigma !== undefined ? [NEARLY_LINEAR] : [];
    const { meanKernel: _mean, deviation, ...named } = all;
    if (!parts) {
      const value = all[name]!;
      return { value, ...named, sigma, warnings, deviation, interval: normalInterval(value, deviation, level) };
    }
    const values: number[] = [];
    for await (const part of parts) values.push((await distanceOf(part, kernel, options.scale!, context))[name]!);
    const { mean: value, variance } = meanAndVariance(values);
    const isBlocks = options.blockSize !== undefined;
    const spread = Math.sqrt(isBlocks ? variance / values.length : variance);
    const interval = isBlocks ? { interval: normalInterval(value, spread, level) } : {};
    return { value, ...named, sigma, warnings, deviation: spread, ...interval };
  },
});

const NEARLY_LINEAR =
  "sigma is large beside the distances: the kernel is nearly linear, and the value little more than the distance of the means.";

async function distanceOf([a, b]: readonly [Rows, Rows], kernel: Kernel, scale: number, { where, long }: Context) {
  const shift = await typical(a, b, kernel);
  const x = await kernelSums(where, a, a, kernel, shift, true, long);
  const y = await kernelSums(where, b, b, kernel, shift, true, long);
  const c = await kernelSums(where, a, b, kernel, shift, false, long);
  const [n, m] = [a.count, b.count];
  const cross = c.total + c.diagonal;
  const unbiased = x.total / (n * (n - 1)) + y.total / (m * (m - 1)) - (2 * cross) / (n * m);
  const biased = (x.total + x.diagonal) / (n * n) + (y.total + y.diagonal) / (m * m) - (2 * cross) / (n * m);
  const uStatistic = n === m ? (scale * (x.total + y.total - 2 * c.total)) / (n * (n - 1)) : undefined;
  const spread = kernelVariance(x, y, c, n, m, scale);
  return { unbiased: scale * unbiased, biased: scale * biased, uStatistic, ...spread, meanKernel: cross / (n * m) };
}
