import { slice } from "../../graph/ops/slice.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { encodePng, imageGrid } from "../../formats/png.ts";
import { concatenated } from "../../formats/concatenated.ts";

/** Images of one row, and rows of each of the two kinds of samples. */
const [COLUMNS, ROWS] = [16, 2];

/** The first samples of a set, values clamped by the picture. */
export async function firstImages(images: Tensor, count = COLUMNS * ROWS): Promise<Float32Array> {
  const some = slice(images, 0, 0, count);
  return (await some.read().finally(() => some.dispose())) as Float32Array;
}

/** Images [n, 1, 28, 28] of several sets, one set below the other, as a PNG file. */
export function picture(sets: readonly Float32Array[], columns = COLUMNS): Uint8Array<ArrayBuffer> {
  const images = concatenated(Float32Array, sets);
  return encodePng(imageGrid(images, [images.length / 784, 1, 28, 28], { columns, background: 0.3 }));
}
