import { check } from "../device/errors.ts";
import { whole } from "../formats/options.ts";
import { add, div, square, sub } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import type { Tensor } from "../graph/tensor.ts";
import { bootstrap } from "./bootstrap.ts";
import { bothImages, type Images } from "./images.ts";
import { type Context, defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance } from "./statistics.ts";

/** What imageStatistics may be asked for. */
export interface ImageStatisticsOptions {
  /** Draws of the bootstrap; 200. */
  readonly resamples?: number;
}

/** Mean, deviation, skewness and excess kurtosis. */
export interface FourMoments {
  /** First moment. */
  readonly mean: number;
  /** √ of the second central moment, divisor n. */
  readonly deviation: number;
  /** Third central moment over the deviation's cube; 0 for a constant. */
  readonly skewness: number;
  /** Fourth central moment over the deviation's fourth power, less 3; 0 for a constant. */
  readonly kurtosis: number;
}

/** The parts of image statistics. */
export interface ImageStatistics {
  /** Radial power of the real images: bin ⌊ρ + ½⌋ of frequencies, from 0 to half the shorter side. */
  readonly real: Float64Array;
  /** Of the generated ones. */
  readonly generated: Float64Array;
  /** The images' mean pixel, as a law over images: [real, generated]. */
  readonly luminance: readonly [FourMoments, FourMoments];
  /** The images' standard deviation of pixels, in the same way. */
  readonly contrast: readonly [FourMoments, FourMoments];
}

/**
 * Low-level statistics of two sets of images: radial power spectrum, luminance and contrast. The value is the distance of the spectra in decades,  √ mean_{b ≥ 1} (log₁₀ P_real − log₁₀ P_generated)².
 *
 * Mean over channels; |DFT|²/(hw) in bins ⌊ρ + ½⌋, ρ = √(f_x² + f_y²)·min(h, w); mean over images and bin. Our own definition: there is no standard. Sees blur, grids and marks of upsampling; blind to phase, so to content.
 *
 *     const { value } = await imageStatistics(x.reshape([x.shape[0]!, 1, 1, x.shape[1]!]), x.reshape([x.shape[0]!, 1, 1, x.shape[1]!]));
 */
export const imageStatistics = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  ImageStatisticsOptions,
  ImageStatistics
>({
  name: "imageStatistics",
  sets: ["real", "generated"],
  options: { resamples: whole(0, 200) },
  of: (_inputs, { resamples }, context) => statisticsOf(resamples!, context),
});

/**
 * The value of imageStatistics under its own name.
 *
 *     const { value } = await spectrumDistance(x.reshape([x.shape[0]!, 1, 1, x.shape[1]!]), x.reshape([x.shape[0]!, 1, 1, x.shape[1]!]));
 */
export const spectrumDistance = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  ImageStatisticsOptions,
  ImageStatistics
>({
  name: "spectrumDistance",
  sets: ["real", "generated"],
  options: { resamples: whole(0, 200) },
  of: (_inputs, { resamples }, context) => statisticsOf(resamples!, context),
});

async function statisticsOf(resamples: number, context: Context) {
  const [a, b] = (await bothImages(context, false)).map(grey) as [Images, Images];
  const [ofA, ofB] = [await spectraOf(a, context), await spectraOf(b, context)];
  const meanOf = ({ n, bins, power }: Spectra, rows?: Uint32Array) => {
    const mean = new Float64Array(bins);
    for (let i = 0; i < n; i++) for (let k = 0; k < bins; k++) mean[k]! += power[(rows ? rows[i]! : i) * bins + k]! / n;
    return mean;
  };
  const distance = (x: Float64Array, y: Float64Array) => {
    let total = 0;
    for (let k = 1; k < x.length; k++) total += (Math.log10(x[k]!) - Math.log10(y[k]!)) ** 2;
    return Math.sqrt(total / (x.length - 1));
  };
  const [real, generated] = [meanOf(ofA), meanOf(ofB)];
  const same = real.every((value, k) => value === generated[k]);
  const value = same ? 0 : distance(real, generated);
  const { seed, level, interval } = context;
  const estimate = (i: Uint32Array, j: Uint32Array) => distance(meanOf(ofA, i), meanOf(ofB, j));
  const intervals =
    interval !== false && resamples >= 2 && Number.isFinite(value)
      ? bootstrap(value, [ofA.n, ofB.n], (i, j) => estimate(i!, j!), { seed: seed(), level, resamples })
      : {};
  const laws = [a, b].map(pixelMoments);
  const luminance = laws.map(({ means }) => fourMoments(means)) as [FourMoments, FourMoments];
  const contrast = laws.map(({ deviations }) => fourMoments(deviations)) as [FourMoments, FourMoments];
  return { value, real, generated, luminance, contrast, ...intervals };
}

/** The mean over channels. */
function grey({ values, shape: [n, c, h, w] }: Images): Images {
  const size = h * w;
  const mean = new Float64Array(n * size);
  for (let at = 0; at < values.length; at++) mean[Math.floor(at / (c * size)) * size + (at % size)]! += values[at]! / c;
  return { values: mean, shape: [n, 1, h, w] };
}

interface Spectra {
  readonly n: number;
  readonly bins: number;
  /** [n, bins] */
  readonly power: Float64Array;
}

/** Radial power of each image: DFTs as products with cosines and sines on the GPU. */
async function spectraOf({ values, shape: [n, , h, w] }: Images, context: Context): Promise<Spectra> {
  const gpu = context.gpu();
  const least = Math.min(h, w);
  check(least >= 2, "shape", context.where, () => `expected sides from 2 on; got ${h} × ${w}.`);
  const bins = Math.floor(least / 2) + 1;
  const fold = (f: number, size: number) => (f <= size / 2 ? f : f - size) / size;
  const membership = new Float32Array(h * w * bins);
  const counts = new Float64Array(bins);
  for (let at = 0; at < h * w; at++) {
    const radius = Math.hypot(fold(Math.floor(at / w), h), fold(at % w, w)) * least;
    const bin = Math.floor(radius + 0.5);
    if (bin >= bins) continue;
    membership[at * bins + bin] = 1;
    counts[bin]! += 1;
  }
  const wave = (size: number, of: (angle: number) => number) =>
    gpu.tensor(
      Float32Array.from({ length: size * size }, (_, at) =>
        of((2 * Math.PI * ((Math.floor(at / size) * (at % size)) % size)) / size),
      ),
      [size, size],
    );
  const owned = [wave(h, Math.cos), wave(h, Math.sin), wave(w, Math.cos), wave(w, Math.sin)];
  owned.push(gpu.tensor(membership, [h * w, bins]));
  const [ch, sh, cw, sw, into] = owned as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const { signal } = context.long;
  const power = new Float64Array(n * bins);
  const size = Math.max(1, Math.floor(2 ** 20 / (h * w)));
  try {
    for (let start = 0; start < n; start += size) {
      signal?.throwIfAborted();
      const count = Math.min(size, n - start);
      const some = values.slice(start * h * w, (start + count) * h * w);
      // an image's mean is put back in float64: beside it, f32 would lose what is small
      const means = Float64Array.from(
        { length: count },
        (_, i) => meanAndVariance(some.subarray(i * h * w, (i + 1) * h * w)).mean,
      );
      for (let at = 0; at < some.length; at++) some[at]! -= means[Math.floor(at / (h * w))]!;
      const binned = gpu.within(() => {
        const x = gpu.tensor(some, [count, h, w]);
        const [a, b] = [matmul(x, cw), matmul(x, sw)];
        const re = sub(matmul(ch, a), matmul(sh, b));
        const im = add(matmul(sh, a), matmul(ch, b));
        return matmul(div(add(square(re), square(im)), h * w).reshape([count, h * w]), into);
      });
      const read = await binned.read({ signal }).finally(() => binned.dispose());
      for (let at = 0; at < read.length; at++) {
        const [i, k] = [Math.floor(at / bins), at % bins];
        power[(start + i) * bins + k] = (read[at]! + (k === 0 ? means[i]! ** 2 * h * w : 0)) / counts[k]!;
      }
    }
    return { n, bins, power };
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}

function pixelMoments({ values, shape: [n] }: Images) {
  const size = values.length / n;
  const all = Array.from({ length: n }, (_, i) => meanAndVariance(values.subarray(i * size, (i + 1) * size)));
  return {
    means: all.map(({ mean }) => mean),
    deviations: all.map(({ variance }) => Math.sqrt((variance * (size - 1)) / size)),
  };
}

function fourMoments(values: readonly number[]): FourMoments {
  const { mean } = meanAndVariance(values);
  const central = (k: number) => values.reduce((total, value) => total + (value - mean) ** k, 0) / values.length;
  const variance = central(2);
  const isFlat = !(variance > 0);
  const [skewness, kurtosis] = isFlat ? [0, 0] : [central(3) / variance ** 1.5, central(4) / variance ** 2 - 3];
  return { mean, deviation: Math.sqrt(variance), skewness, kurtosis };
}
