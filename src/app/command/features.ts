import { existsSync } from "node:fs";
import { check, quote, show } from "../../formats/errors.ts";
import { crc32 } from "../../formats/crc32.ts";
import { type Gpu, type Tensor, bytes as fromBytes, Digits, reshape } from "../../index.ts";
import { bytesOf } from "./file.ts";

/** What images become before they are measured. */
export interface Features {
  /** For reports. */
  readonly name: string;
  readonly checksum?: string;
  /** Whether it is the network that FID and Inception Score are defined by. */
  readonly isInception: boolean;
  /** x: [n, c, h, w] from 0 to 1. Returns [n, d]. */
  features(x: Tensor): Tensor;
  /** p(class | image), [n, classes]. */
  probabilities?(x: Tensor): Tensor;
  /** Throws LatentError("shape") where images of these sizes cannot be used. */
  check(file: string, shape: readonly number[]): void;
  dispose(): void;
}

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

/** The network that `--features` names; pixels without one. Throws LatentError: "argument" on an unknown name, "format" as load does. */
export async function featuresOf(where: string, gpu: Gpu, given: string | undefined): Promise<Features> {
  if (given === undefined) return pixels;
  check(existsSync(given), "argument", where, () => {
    return `--features is unknown. Expected a safetensors file of the digit classifier, as Digits.save() writes it; got ${quote(given, 300)}.`;
  });
  const file = await bytesOf(where, given);
  const digits = Digits.load(gpu, file);
  return {
    name: digits.name,
    checksum: crc32(file).toString(16).padStart(8, "0"),
    isInception: false,
    features: (x) => digits.features(x),
    probabilities: (x) => digits.probabilities(x),
    check(path, shape) {
      check(String(shape) === "1,28,28", "shape", path, () => {
        return `${digits.name} takes grey images of 28 × 28. Expected [1, 28, 28]; got ${show(shape)}. Give --channels 1 --resize 28.`;
      });
    },
    dispose: () => digits.dispose(),
  };
}

/** A tensor [n, c, h, w] from 0 to 1, or [n, d]. */
export function imagesOn(gpu: Gpu, values: Uint8Array | Float32Array, shape: readonly number[]): Tensor {
  if (values instanceof Float32Array) return gpu.tensor(values as Float32Array<ArrayBuffer>, shape);
  return gpu.within(() =>
    fromBytes(gpu.tensor(values as Uint8Array<ArrayBuffer>, shape, { dtype: "u8" }), { scale: 1 / 255 }),
  );
}
