import { above } from "../formats/options.ts";
import { bothImages, type Images } from "./images.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import type { PairOfImagesOptions } from "./ssim.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** The parts of a measure of image pairs in decibels. */
export interface Decibels {
  /** Of each pair; ∞ for equal images. */
  readonly values: Float64Array;
}

/**
 * Peak signal-to-noise ratio of pairs of images, in dB:  10 log₁₀(L²/mean (a − b)²), the mean over pairs. ∞ for equal images.
 *
 *     const { value } = await psnr(gpu.ones([2, 1, 4, 4]), gpu.zeros([2, 1, 4, 4]));
 */
export const psnr = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  PairOfImagesOptions,
  Decibels
>({
  name: "psnr",
  sets: ["real", "generated"],
  options: { range: above(0, 1) },
  async of(_inputs, { range }, context) {
    const [a, b] = await bothImages(context, true);
    return decibels(a, range!, context.level, (at) => (a.values[at]! - b.values[at]!) ** 2);
  },
});

/**
 * Sharpness difference of pairs of images, in dB:  10 log₁₀(L²/mean |g(a) − g(b)|),  g = |a_{y,x} − a_{y−1,x}| + |a_{y,x} − a_{y,x−1}|.
 *
 * Differences that the first row and column lack are 0 (other code pads with zeros, or takes signed sums). For reconstructions only: pairs. Blur lowers it. Source: Mathieu, Couprie & LeCun 2016 (arXiv 1511.05440).
 *
 *     const { value } = await sharpnessDifference(gpu.ones([2, 1, 4, 4]), gpu.zeros([2, 1, 4, 4]));
 */
export const sharpnessDifference = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  PairOfImagesOptions,
  Decibels
>({
  name: "sharpnessDifference",
  sets: ["real", "generated"],
  options: { range: above(0, 1) },
  async of(_inputs, { range }, context) {
    const [a, b] = await bothImages(context, true);
    const [h, w] = [a.shape[2], a.shape[3]];
    const steps = ({ values }: Images, at: number): number => {
      const [y, x] = [Math.floor(at / w) % h, at % w];
      const down = y > 0 ? Math.abs(values[at]! - values[at - w]!) : 0;
      return down + (x > 0 ? Math.abs(values[at]! - values[at - 1]!) : 0);
    };
    return decibels(a, range!, context.level, (at) => Math.abs(steps(a, at) - steps(b, at)));
  },
});

function decibels({ values: all, shape: [n] }: Images, range: number, level: number, gap: (at: number) => number) {
  const size = all.length / n;
  const values = Float64Array.from({ length: n }, (_, i) => {
    let total = 0;
    for (let at = i * size; at < (i + 1) * size; at++) total += gap(at) / size;
    return total === 0 ? Infinity : 10 * Math.log10(range ** 2 / total);
  });
  const { mean: value, variance } = meanAndVariance(values);
  if (!Number.isFinite(value)) return { value: Infinity, values };
  const deviation = Math.sqrt(variance / n);
  return { value, values, deviation, interval: normalInterval(value, deviation, level) };
}
