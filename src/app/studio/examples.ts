import { encodePng, writeSafetensors } from "../../formats.ts";
import { concat, Dataset, type Gpu, PCA, type VAE } from "../../index.ts";
import type { Mnist } from "../../data/mnist.ts";
import type { StudioSettings } from "./settings.ts";

const IMAGES_AT_ONCE = 500;

/** Codes are stored as bytes: 0 to 255 for −RANGE to RANGE. */
export const RANGE = 5;

/** Mean codes of images, row-major [count, latent]. */
async function codesOf(gpu: Gpu, model: VAE, images: Uint8Array, count: number): Promise<Float32Array<ArrayBuffer>> {
  const data = Dataset.from(gpu, Uint8Array.from(images.subarray(0, count * 784)), [count, 1, 28, 28]);
  try {
    const parts = [];
    for (let start = 0; start < count; start += IMAGES_AT_ONCE) {
      const x = data.slice(start, Math.min(count, start + IMAGES_AT_ONCE));
      parts.push(model.encode(x).mean);
    }
    using all = concat(parts, 0);
    return (await all.read()) as Float32Array<ArrayBuffer>;
  } finally {
    data.dispose();
  }
}

/** Two directions of unit length along which the rows [n, d] vary most: [2, d]. */
async function principal(gpu: Gpu, rows: Float32Array<ArrayBuffer>, d: number): Promise<Float32Array> {
  using x = gpu.tensor(rows, [rows.length / d, d]);
  const pca = await PCA.fit(x, { components: 2 });
  const found = (await pca.components.read()) as Float32Array;
  pca.dispose();
  return found;
}

/** The mean code of each of ten classes, [10, d]. */
function classMeans(codes: Float32Array, labels: Uint8Array, d: number): Float32Array<ArrayBuffer> {
  const means = new Float32Array(10 * d);
  const counts = new Float64Array(10);
  for (const label of labels) counts[label]!++;
  for (const [i, label] of labels.entries())
    for (let j = 0; j < d; j++) means[label * d + j]! += codes[i * d + j]! / counts[label]!;
  return means;
}

/**
 * What the page shows of real digits, as a file: codes and labels of the first test images, and directions of planes
 * through the codes' space, from the codes of training images.
 */
export async function examplesFile(gpu: Gpu, model: VAE, { train, test }: Mnist, settings: StudioSettings) {
  const { points, trainImages, vae } = settings;
  const d = vae.latent;
  const trainCodes = await codesOf(gpu, model, train.images, trainImages);
  const labels = train.labels.subarray(0, trainImages);
  const codes = await codesOf(gpu, model, test.images, points);
  const byte = (value: number): number => Math.round(Math.min(1, Math.max(0, value / (2 * RANGE) + 0.5)) * 255);
  return writeSafetensors(
    [
      ["principal", { dtype: "F32", shape: [2, d], data: await principal(gpu, trainCodes, d) }],
      ["classes", { dtype: "F32", shape: [2, d], data: await principal(gpu, classMeans(trainCodes, labels, d), d) }],
      ["codes", { dtype: "U8", shape: [points, d], data: Uint8Array.from(codes, byte) }],
      ["labels", { dtype: "U8", shape: [points], data: test.labels.slice(0, points) }],
    ],
    { range: String(RANGE) },
  );
}

/** The first test images as one grey picture of columns × columns, in 16 levels. */
export function sheet({ test }: Mnist, columns: number): Uint8Array<ArrayBuffer> {
  const width = columns * 28;
  const pixels = new Uint8Array(width * width);
  for (let i = 0; i < columns * columns; i++) {
    const corner = Math.floor(i / columns) * 28 * width + (i % columns) * 28;
    for (let p = 0; p < 784; p++)
      pixels[corner + Math.floor(p / 28) * width + (p % 28)] = Math.round(test.images[i * 784 + p]! / 17) * 17;
  }
  return encodePng({ width, height: width, channels: 1, pixels });
}
