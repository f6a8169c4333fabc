import { check } from "../device/errors.ts";
import { above } from "../formats/options.ts";
import { add, div, mul, square, sub } from "../graph/ops/arithmetic.ts";
import { conv2d } from "../graph/ops/conv2d.ts";
import { avgPool2d } from "../graph/ops/pool.ts";
import { reshape } from "../graph/ops/shape.ts";
import { mean as meanOf } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { bothImages } from "./images.ts";
import { type Context, defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** What measures of image pairs may be asked for. */
export interface PairOfImagesOptions {
  /** The largest pixel value L; 1. */
  readonly range?: number;
}

/** The parts of SSIM. */
export interface Ssim {
  /** Of each pair, the mean over channels. */
  readonly values: Float64Array;
}

const [SIDE, SIGMA] = [11, 1.5];
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/** Images of one step on the GPU hold at most so many pixels. */
const PIXELS = 2 ** 20;

/**
 * Structural similarity of pairs of images: 11 × 11 Gaussian window of σ 1.5, valid positions only, biased local moments, C₁ = (.01 L)², C₂ = (.03 L)²; per channel, then the mean.
 *
 * real, generated: images [n, c, h, w] in pairs, sides from 11 on. 1 for equal images. For reconstructions; it compares nothing else. Source: Wang et al. 2004.
 *
 *     const { value } = await ssim(gpu.ones([2, 1, 16, 16]), gpu.zeros([2, 1, 16, 16]));
 */
export const ssim = /* @__PURE__ */ defineMeasure<[real: SampleSet, generated: SampleSet], PairOfImagesOptions, Ssim>({
  name: "ssim",
  sets: ["real", "generated"],
  options: { range: above(0, 1) },
  async of(_inputs, { range }, context) {
    const [values] = await scalesOf(context, range!, 1);
    return finished(
      values!.map(({ full }) => full),
      context.level,
      values![0]!.channels,
    );
  },
});

/** The parts of MS-SSIM. */
export interface MsSsim extends Ssim {
  /** Scales M: min(5, 1 + ⌊log₂(side/11)⌋), their weights made to sum to 1. */
  readonly scales: number;
  /** SSIM at full size. */
  readonly ssim: number;
}

/**
 * Multi-scale SSIM: contrast and structure at scales 1 … M − 1, SSIM at the last, each to its published weight, 2 × 2 means between (odd last rows and columns are left out). Negative means count as 0.
 *
 * Small images take as many scales as their shorter side holds, 1 at 16, 2 at 32, 3 at 64, 5 from 176 on. As for `ssim` otherwise. Source: Wang, Simoncelli & Bovik 2003.
 *
 *     const { value, scales } = await msSsim(gpu.ones([2, 1, 32, 32]), gpu.zeros([2, 1, 32, 32]));
 */
export const msSsim = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  PairOfImagesOptions,
  MsSsim
>({
  name: "msSsim",
  sets: ["real", "generated"],
  options: { range: above(0, 1) },
  async of(_inputs, { range }, context) {
    const all = await scalesOf(context, range!, WEIGHTS.length);
    const scales = all.length;
    const total = WEIGHTS.slice(0, scales).reduce((a, b) => a + b, 0);
    const values = all[0]!.map((_, plane) =>
      all.reduce((product, scale, s) => {
        const { full, structure } = scale[plane]!;
        return product * Math.max(0, s === scales - 1 ? full : structure) ** (WEIGHTS[s]! / total);
      }, 1),
    );
    const own = meanAndVariance(all[0]!.map(({ full }) => full)).mean;
    return { ...finished(values, context.level, all[0]![0]!.channels), scales, ssim: own };
  },
});

function finished(planes: readonly number[], level: number, channels = 1) {
  const values = Float64Array.from({ length: planes.length / channels }, (_, i) => {
    return meanAndVariance(planes.slice(i * channels, (i + 1) * channels)).mean;
  });
  const { mean: value, variance } = meanAndVariance(values);
  const deviation = Math.sqrt(variance / values.length);
  return { value, values, deviation, interval: normalInterval(value, deviation, level) };
}

/** Mean SSIM and mean contrast–structure of each plane, at each scale. */
async function scalesOf(context: Context, range: number, most: number) {
  const [a, b] = await bothImages(context, true);
  const { signal } = context.long;
  const [n, c, h, w] = a.shape;
  const side = Math.min(h, w);
  check(side >= SIDE, "shape", context.where, () => `expected sides from ${SIDE} on; got ${h} × ${w}.`);
  const scales = Math.min(most, 1 + Math.floor(Math.log2(side / SIDE)));
  const gpu = context.gpu();
  const window = gaussian();
  const found: { full: number; structure: number; channels: number }[][] = Array.from({ length: scales }, () => []);
  const planes = Math.max(1, Math.min(n * c, Math.floor(PIXELS / (h * w))));
  for (let start = 0; start < n * c; start += planes) {
    signal?.throwIfAborted();
    const size = Math.min(planes, n * c - start);
    const tensors = gpu.within(() => {
      // moments around half the range lose less than around 0
      let [x, y] = [a, b].map(({ values }) =>
        gpu.tensor(
          values.subarray(start * h * w, (start + size) * h * w).map((value) => value - range / 2),
          [size, 1, h, w],
        ),
      ) as [Tensor, Tensor];
      const weights = [gpu.tensor(window, [1, 1, SIDE, 1]), gpu.tensor(window, [1, 1, 1, SIDE])] as const;
      return Array.from({ length: scales }, (_, s) => {
        if (s > 0) [x, y] = [x, y].map((image) => avgPool2d(image, 2)) as [Tensor, Tensor];
        return similarity(x, y, weights, range);
      });
    });
    try {
      await gpu.evaluate(tensors.flat(), { signal });
      for (const [s, [full, structure]] of tensors.entries()) {
        const [ofFull, ofStructure] = [await full.read({ signal }), await structure.read({ signal })];
        for (let at = 0; at < size; at++)
          found[s]!.push({ full: ofFull[at]!, structure: ofStructure[at]!, channels: c });
      }
    } finally {
      for (const tensor of tensors.flat()) tensor.dispose();
    }
  }
  return found;
}

/** [planes] of mean SSIM, and of its contrast–structure part. */
function similarity(x: Tensor, y: Tensor, [down, across]: readonly [Tensor, Tensor], range: number): [Tensor, Tensor] {
  const local = (image: Tensor): Tensor => conv2d(conv2d(image, down), across);
  const [mx, my] = [local(x), local(y)];
  const [vx, vy] = [sub(local(square(x)), square(mx)), sub(local(square(y)), square(my))];
  const both = sub(local(mul(x, y)), mul(mx, my));
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  const [lx, ly] = [add(mx, range / 2), add(my, range / 2)];
  const structure = div(add(mul(both, 2), c2), add(add(vx, vy), c2));
  const luminance = div(add(mul(mul(lx, ly), 2), c1), add(add(square(lx), square(ly)), c1));
  const mean = (image: Tensor) => meanOf(reshape(image, [image.shape[0]!, image.size / image.shape[0]!]), 1);
  return [mean(mul(luminance, structure)), mean(structure)];
}

/** The window along one axis; its sum is 1. */
function gaussian(): number[] {
  const heights = Array.from({ length: SIDE }, (_, i) => Math.exp(-((i - (SIDE - 1) / 2) ** 2) / (2 * SIGMA ** 2)));
  const total = heights.reduce((a, b) => a + b, 0);
  return heights.map((height) => height / total);
}
