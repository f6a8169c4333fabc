import { Moments } from "../../linalg/moments.ts";
import { eigh } from "../../linalg/spectrum.ts";
import type { Spectrum } from "../report.ts";
import { type JobContext, part } from "./modelEntry.ts";
import { gridPicture } from "./pictures.ts";
import { greyRows } from "./pixels.ts";
import type { OnProgress } from "./stages.ts";

/** Directions of largest variance that become pictures. */
export const DIRECTIONS = 15;

/** How many of the largest values make up each share of their sum. `values`: largest first. */
export function directionsFor(values: ArrayLike<number>, shares: readonly number[]): Spectrum["shares"] {
  const positive = Array.from(values, (value) => Math.max(0, value));
  const total = positive.reduce((sum, value) => sum + value, 0);
  return shares.map((share) => {
    let sum = 0;
    const last = positive.findIndex((value) => (sum += value) >= share * total * (1 - 1e-12));
    return { share, directions: last + 1 };
  });
}

/** Pixels whose value is the same in all of `count` images. */
export function constantPixels(images: Uint8Array, count: number): number {
  const pixels = images.length / count;
  let constant = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let image = 1;
    while (image < count && images[image * pixels + pixel] === images[pixel]) image++;
    if (image === count) constant++;
  }
  return constant;
}

/**
 * The mean image and the first directions as grey pictures, [1 + DIRECTIONS, pixels]. A direction has no brightness of
 * its own: it is stretched to [0, 1] around grey, and its sign is chosen so that its largest pixel is bright.
 *
 * vectors: [pixels, pixels], eigenvectors as columns in ascending order of their values.
 */
export function directionImages(mean: Float32Array, vectors: Float32Array): Float32Array {
  const pixels = mean.length;
  const images = new Float32Array((1 + DIRECTIONS) * pixels);
  images.set(mean);
  for (let k = 0; k < DIRECTIONS; k++) {
    const column = pixels - 1 - k;
    let peak = 0;
    for (let i = 0; i < pixels; i++) {
      const value = vectors[i * pixels + column]!;
      if (Math.abs(value) > Math.abs(peak)) peak = value;
    }
    for (let i = 0; i < pixels; i++) images[(1 + k) * pixels + i] = 0.5 + (0.5 * vectors[i * pixels + column]!) / peak;
  }
  return images;
}

/** The covariance spectrum of the training images, and a picture of its first directions. `images`: their bytes. */
export async function spectrumOf(context: JobContext, images: Uint8Array, report: OnProgress): Promise<Spectrum> {
  const { gpu, train, tell, signal } = context;
  const onProgress = part(report, 0, 0.6);
  const moments = await Moments.of(greyRows(train, train.count), { onProgress, signal });
  const dim = train.features;
  const covariance = gpu.tensor(moments.covariance, [dim, dim]);
  const found = await eigh(covariance, { signal });
  const [ascending, vectors] = (await Promise.all([found.values.read(), found.vectors.read()])) as [
    Float32Array,
    Float32Array,
  ];
  for (const tensor of [covariance, found.values, found.vectors]) tensor.dispose();
  const caption = `The mean image, and the ${DIRECTIONS} directions of largest variance (grey is zero).`;
  const shown = directionImages(Float32Array.from(moments.mean), vectors);
  tell({ kind: "picture", picture: gridPicture("directions", caption, shown, [1 + DIRECTIONS, 1, 28, 28], 4) });
  const values = [...ascending].reverse();
  return {
    values,
    shares: directionsFor(values, [0.5, 0.9, 0.95, 0.99]),
    constantPixels: constantPixels(images, train.count),
    n: train.count,
  };
}
