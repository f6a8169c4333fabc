import type { Rows } from "../data/rows.ts";
import { above, oneOf, optional, whole } from "../formats/options.ts";
import { estimatesOf, NEARLY_LINEAR, overParts, kernelOf } from "./kernelEstimates.ts";
import type { KernelDistance, KernelDistanceOptions } from "./kernelOptions.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { normalInterval } from "./statistics.ts";

/**
 * Squared maximum mean discrepancy of all rows:  mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y). With the polynomial kernel and Inception features it is
 * KID; with the rbf kernel, σ = 10, `scale` 1000 and unit CLIP features, `biased` is CMMD.
 *
 * Sums of k less a typical value on the GPU, ended in float64. The polynomial kernel sees moments up to the third and has no bias in n. The deviation is the
 * value's own. Throws LatentError("argument") on subsets larger than a set.
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
    kernel: oneOf("polynomial", "rbf"),
    sigma: optional(above(0)),
    estimator: oneOf("unbiased", "biased", "u"),
    scale: above(0, 1),
    subsets: optional(whole(1)),
    subsetSize: optional(whole(2)),
    blockSize: optional(whole(2)),
  },
  apart: { blockSize: ["subsets", "subsetSize"] },
  async of(_inputs, options, context) {
    const pair = context.pair();
    const { kernel, name } = await kernelOf(pair, options, context);
    const estimates = (part: readonly [Rows, Rows]) => estimatesOf(part, kernel, options.scale!, context);
    const { meanKernel, deviation, ...parts } = await estimates(pair);
    const own = await overParts(pair, options, context, async (part) => (await estimates(part))[name]!);
    const value = own?.value ?? parts[name]!;
    const sigma = kernel.kernel === "rbf" ? kernel.sigma : undefined;
    const warnings = meanKernel > 0.95 && sigma !== undefined ? [NEARLY_LINEAR] : [];
    const interval = normalInterval(value, deviation, context.level);
    return { value, ...parts, sigma, warnings, deviation, interval, ...own };
  },
});
