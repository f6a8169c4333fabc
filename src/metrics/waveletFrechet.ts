import { check, show } from "../device/errors.ts";
import { flag, oneOf, optional, whole } from "../formats/options.ts";
import { exactRows } from "../linalg/centredSums.ts";
import { rootTraceOnCpu, largest } from "../linalg/rootTraceCpu.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import { imagesOf } from "./images.ts";
import type { SampleSet } from "./sets.ts";
import { NOT_NEGATIVE, meanAndVariance } from "./statistics.ts";

/** What waveletFrechetDistance may be asked for. */
export interface WaveletOptions extends HalvesOptions {
  /** Levels of the packet tree: 4^level packets; 4. */
  readonly level?: number;
  /** The filters: "haar". */
  readonly wavelet?: "haar";
  /** Takes log(|coefficient| + 1e-6); false. */
  readonly logScale?: boolean;
}

/** The parts of a wavelet Fréchet distance. */
export interface WaveletDistance {
  /** The distance of each packet. */
  readonly packets: Float64Array;
  /** The largest of them. */
  readonly largest: number;
}

/**
 * Mean over all wavelet packets of the Fréchet distance of their coefficients: FD on frequencies, without a network.
 *
 * Images [n, c, h, w] in [0, 1]; the full packet tree of orthonormal Haar filters, a block (a b; c d) giving (a+b+c+d)/2, (a+b−c−d)/2, (a−b+c−d)/2,
 * (a−b−c+d)/2, each again; per packet the vector of all channels and positions. Float64 on the CPU. `level` here is the tree's; the interval's does not apply.
 * Sees frequency content, blind to semantics; details outvote the one packet that looks like the image.
 * Throws LatentError("shape") unless 2^level divides both sides. Source: Veeramacheneni et al. 2023 (arXiv 2312.15289).
 *
 *     const { value } = await waveletFrechetDistance(gpu.ones([4, 1, 2, 2]), gpu.zeros([3, 1, 2, 2]), { level: 1 });
 */
export const waveletFrechetDistance = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  WaveletOptions,
  WaveletDistance
>({
  name: "waveletFrechetDistance",
  sets: ["real", "generated"],
  options: {
    level: whole(1, 4),
    wavelet: oneOf("haar"),
    logScale: flag(false),
    resamples: optional(whole(0)),
  },
  halves: { value: NOT_NEGATIVE, largest: NOT_NEGATIVE },
  async of(_inputs, { level: depth, logScale }, context) {
    const { where } = context;
    const packets: Float64Array[][] = [];
    let dim = 0;
    for (const set of ["real", "generated"]) {
      const { values, shape } = await imagesOf(set, context);
      const [n, c, h, w] = shape;
      check(n >= 2, "data", where, () => `too few samples. Expected at least 2 in each set; got ${n}.`);
      check(h % 2 ** depth! === 0 && w % 2 ** depth! === 0, "shape", where, () => {
        return `expected sides that ${2 ** depth!} divides, for ${depth} levels; got ${show(shape)}. Resize, or take fewer levels.`;
      });
      const own = (c * h * w) / 4 ** depth!;
      check(
        dim === 0 || dim === own,
        "shape",
        where,
        () => `images differ in shape: ${show(shape)} is not the real set's.`,
      );
      dim = own;
      packets.push(packetsOf(values, shape, depth!, logScale!));
    }
    const distances = Float64Array.from(packets[0]!, (a, k) => distanceOf(a, packets[1]![k]!, dim));
    return { value: meanAndVariance(distances).mean, packets: distances, largest: Math.max(...distances) };
  },
});

/** Coefficients by packet, each [n, d]. */
function packetsOf(
  values: Float64Array,
  [n, c, h, w]: readonly number[],
  depth: number,
  logs: boolean,
): Float64Array[] {
  let [bands, height, width] = [[values], h!, w!];
  for (let level = 0; level < depth; level++) {
    bands = bands.flatMap((band) => split(band, n! * c!, height, width));
    [height, width] = [height / 2, width / 2];
  }
  return logs ? bands.map((band) => band.map((value) => Math.log(Math.abs(value) + 1e-6))) : bands;
}

/** One level: four bands of planes [height/2, width/2]. */
function split(x: Float64Array, planes: number, height: number, width: number): Float64Array[] {
  const bands = Array.from({ length: 4 }, () => new Float64Array(x.length / 4));
  let at = 0;
  for (let plane = 0; plane < planes; plane++)
    for (let i = 0; i < height; i += 2)
      for (let j = 0; j < width; j += 2, at++) {
        const first = (plane * height + i) * width + j;
        const [a, b, c, d] = [x[first]!, x[first + 1]!, x[first + width]!, x[first + width + 1]!];
        bands[0]![at] = (a + b + c + d) / 2;
        bands[1]![at] = (a + b - c - d) / 2;
        bands[2]![at] = (a - b + c - d) / 2;
        bands[3]![at] = (a - b - c + d) / 2;
      }
  return bands;
}

/** The Fréchet distance of two sets of rows in float64. */
function distanceOf(a: Float64Array, b: Float64Array, d: number): number {
  const [first, second] = [exactRows(a, d), exactRows(b, d)];
  const [s1, s2] = [first, second].map(({ products, count }) => products.map((value) => value / (count - 1))) as [
    Float64Array,
    Float64Array,
  ];
  const limits = [s1, s2].map((s) => d * 2 ** -53 * largest(s)) as [number, number];
  const root = rootTraceOnCpu([s1, s2], d, limits);
  let [gap, traces] = [0, 0];
  for (let j = 0; j < d; j++) {
    gap += (first.mean[j]! - second.mean[j]!) ** 2;
    traces += s1[j * d + j]! + s2[j * d + j]!;
  }
  return gap + Math.max(0, traces - 2 * root.value - root.residual);
}
