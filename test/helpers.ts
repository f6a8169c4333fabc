import { afterEach, expect } from "vitest";
import { type Gpu, LatentError, type Tensor } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";

/** Opens gpus that end with the test; once a file. */
export function opener(): typeof openNodeGpu {
  const opened: Gpu[] = [];
  afterEach(() => {
    for (const gpu of opened.splice(0)) gpu.dispose();
  });
  return async (options) => {
    const gpu = await openNodeGpu(options);
    opened.push(gpu);
    return gpu;
  };
}

/** The LatentError that `work` rejects or throws with. */
export async function failure(work: () => unknown): Promise<LatentError> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(LatentError);
    return error as LatentError;
  }
  throw new Error("expected an error, but it went through");
}

/** Values in [0, 1) that repeat after 101 elements. */
export const ramp = (on: Gpu, ...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return on.tensor(
    Float32Array.from({ length: size }, (_, i) => ((i * 37) % 101) / 101),
    shape,
  );
};

/** The same engine, choosing as it would on a GPU: whatever adapter this is. */
export function hardwareDefaults(on: Gpu): Gpu {
  Object.assign(on.traits, { software: false });
  return on;
}

/**
 * What Σ (count − expected)² / expected of right counts is not above but once in e¹⁰ times, by degrees of freedom.
 * Source: Laurent & Massart, Adaptive estimation of a quadratic functional by model selection, 2000, lemma 1.
 */
export const chiSquareLimit = (degrees: number): number => degrees + 2 * Math.sqrt(degrees * 10) + 2 * 10;

/** Σ (count − n·p)² / (n·p) of counts of n draws. */
export const chiSquareOf = (counts: ArrayLike<number>, probabilities: ArrayLike<number>): number => {
  const n = Array.from(counts).reduce((a, b) => a + b, 0);
  return Array.from(counts).reduce(
    (sum, count, i) => sum + (count - n * probabilities[i]!) ** 2 / (n * probabilities[i]!),
    0,
  );
};

/** Bytes R, G, B, A that differ from pixel to pixel and channel to channel. */
export const bytesOfPixels = (pixels: number): Uint8ClampedArray<ArrayBuffer> =>
  Uint8ClampedArray.from({ length: 4 * pixels }, (_, k) => ((k >> 2) * [37, 101, 211, 91][k & 3]! + 13 * k) % 256);
