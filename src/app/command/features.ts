import { check, show } from "../../formats/errors.ts";
import { type Gpu, type Tensor, bytes as fromBytes, reshape } from "../../index.ts";
import type { Files } from "./files.ts";
import { PACKAGED } from "./titles.ts";
import { digitsV1, type Features, networkOf } from "./networks.ts";

/** Most pixels times channels that are measured as they are: a covariance of them still fits. */
const MOST_PIXELS = 4096;

/** Images as they are, flattened. */
export const pixels: Features = {
  name: "pixels from 0 to 1",
  isInception: false,
  features: (x) => reshape(x, [x.shape[0]!, x.size / x.shape[0]!]),
  check(file, shape) {
    const size = shape.reduce((a, b) => a * b, 1);
    check(size <= MOST_PIXELS, "limit", file, () => {
      return `too many pixels to measure as they are. Expected at most ${MOST_PIXELS}; got ${show(shape)}. Give --features or --resize 32.`;
    });
  },
  dispose() {},
};

/** Rows of an array [n, d], whatever made them. */
export const asGiven: Features = { ...pixels, name: "values as given", features: (x) => x };

/** The network that `--features` names; pixels without one. Throws LatentError as `networkOf` does. */
export async function featuresOf(where: string, gpu: Gpu, files: Files, path: string | undefined): Promise<Features> {
  if (path === undefined) return pixels;
  return path === PACKAGED ? digitsV1(gpu) : networkOf(`${where} ${path}`, gpu, await files.bytes(where, path));
}

/** A tensor [n, c, h, w] from 0 to 1, or [n, d]. */
export function imagesOn(gpu: Gpu, values: Uint8Array | Float32Array, shape: readonly number[]): Tensor {
  if (values instanceof Float32Array) return gpu.tensor(values as Float32Array<ArrayBuffer>, shape);
  return gpu.within(() =>
    fromBytes(gpu.tensor(values as Uint8Array<ArrayBuffer>, shape, { dtype: "u8" }), { scale: 1 / 255 }),
  );
}
