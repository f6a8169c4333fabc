import type { Rows } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import type { KernelDistanceOptions } from "./kernelOptions.ts";
import { type Kernel, kernelSums, medianDistance, typical } from "./kernelSums.ts";
import { blocksOf, kernelVariance, subsetsOf } from "./kernelVariance.ts";
import type { Context } from "./measure.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

type Pair = readonly [Rows, Rows];

/** The kernel, its width found where it was not given, and the estimate that is asked for. Throws LatentError: "data", "argument". */
export async function kernelOf([real, generated]: Pair, options: KernelDistanceOptions, { where, long }: Context) {
  const least = Math.min(real.count, generated.count);
  const isU = options.estimator === "u";
  check(options.sigma === undefined || options.kernel === "rbf", "argument", where, () => {
    return 'sigma belongs to the kernel "rbf". Give kernel: "rbf", or leave sigma out.';
  });
  check(least >= 2, "data", where, () => `too few rows. Expected at least 2 in each set; got ${least}.`);
  check(!isU || real.count === generated.count, "argument", where, () => {
    return `the estimator "u" needs sets of one size; got ${real.count} and ${generated.count}.`;
  });
  const kernel: Kernel =
    options.kernel === "rbf"
      ? { kernel: "rbf", sigma: options.sigma ?? (await medianDistance(real, long.signal)) }
      : { kernel: "polynomial" };
  const name = options.estimator === "u" ? "uStatistic" : (options.estimator ?? "unbiased");
  return { kernel, name } as const;
}

/** The mean of an estimate over random subsets or disjoint blocks, where they are asked for. */
export async function overParts(
  pair: Pair,
  { blockSize, subsets, subsetSize }: KernelDistanceOptions,
  context: Context,
  estimate: (part: Pair) => Promise<number>,
) {
  if (blockSize === undefined && subsets === undefined && subsetSize === undefined) return undefined;
  const parts = blockSize
    ? blocksOf(pair, blockSize, context)
    : subsetsOf(pair, subsets ?? 100, subsetSize ?? 1000, context);
  const values: number[] = [];
  for await (const part of parts) values.push(await estimate(part));
  const { mean: value, variance } = meanAndVariance(values);
  // subsets share rows, so that their deviation is no standard error
  if (!blockSize) return { value, deviation: Math.sqrt(variance), interval: undefined };
  const deviation = Math.sqrt(variance / values.length);
  return { value, deviation, interval: normalInterval(value, deviation, context.level) };
}

/** What a nearly constant kernel means. */
export const NEARLY_LINEAR =
  "sigma is large beside the distances: the kernel is nearly linear, and the value little more than the distance of the means.";

/** All estimates of a pair of sets. */
export async function estimatesOf(
  [a, b]: readonly [Rows, Rows],
  kernel: Kernel,
  scale: number,
  { where, long }: Context,
) {
  const shift = await typical(a, b, kernel, long.signal);
  const x = await kernelSums(where, a, a, kernel, shift, true, long);
  const y = await kernelSums(where, b, b, kernel, shift, true, long);
  const c = await kernelSums(where, a, b, kernel, shift, false, long);
  const [n, m] = [a.count, b.count];
  const cross = c.total + c.diagonal;
  const unbiased = x.total / (n * (n - 1)) + y.total / (m * (m - 1)) - (2 * cross) / (n * m);
  const biased = (x.total + x.diagonal) / (n * n) + (y.total + y.diagonal) / (m * m) - (2 * cross) / (n * m);
  const uStatistic = n === m ? (scale * (x.total + y.total - 2 * c.total)) / (n * (n - 1)) : undefined;
  const deviations = kernelVariance(x, y, c, n, m, scale);
  return { unbiased: scale * unbiased, biased: scale * biased, uStatistic, ...deviations, meanKernel: cross / (n * m) };
}
