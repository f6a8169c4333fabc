import { afterEach, expect } from "vitest";
import { create } from "webgpu";
import { type Gpu, LatentError, openGpu, type Tensor } from "../src/index.ts";
import type { Family } from "../src/device/info.ts";
import { openNodeGpu } from "../src/node.ts";

/** Kept as long as the process: an instance of Dawn that is collected before its devices takes it down. */
const instances: GPU[] = [];

/** Dawn, with flags of its own. */
export function dawnWith(...flags: string[]): GPU {
  const instance = create(flags);
  instances.push(instance);
  return instance;
}

/** The devices that the files of a worker share: as the adapter comes, and with default limits and no features. */
const shared = new Map<boolean, Promise<Gpu>>();

/**
 * An engine of its own on a device that the files of a worker share: what one file compiled, the next has. Not for tests that end their
 * device, spy on it, or ask for limits of their own.
 */
export async function openShared({
  budgetMs,
  defaultLimits = false,
  ...others
}: Parameters<typeof openNodeGpu>[0] = {}): Promise<Gpu> {
  expect(Object.keys(others), "options that a shared device cannot have").toEqual([]);
  const forget = (): void => void shared.delete(defaultLimits);
  let opened = shared.get(defaultLimits);
  if (!opened) {
    opened = openNodeGpu({ defaultLimits });
    shared.set(defaultLimits, opened);
    opened.catch(forget);
  }
  const { device } = await opened;
  void device.lost.then(forget);
  return openGpu({ device, ...(budgetMs === undefined ? {} : { budgetMs }) });
}

/** Opens gpus that end with the test, by `openGpus`; once a file. */
export function opener(openGpus: typeof openNodeGpu = openNodeGpu): typeof openNodeGpu {
  const opened: Gpu[] = [];
  afterEach(() => {
    for (const gpu of opened.splice(0)) gpu.dispose();
  });
  return async (options) => {
    const gpu = await openGpus(options);
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

/** The same engine, choosing as it would on a GPU of this family: whatever adapter this is. */
export function hardwareDefaults(on: Gpu, family: Family = "unknown"): Gpu {
  Object.assign(on.traits, { family });
  return on;
}

/**
 * The same, but products go by quadswap kernels. A software adapter compiles a tiled one in seconds, and test/matmul.test.ts has these: other
 * tests need the route that hardware takes, and not its products.
 */
export function hardwareRoutes(on: Gpu): Gpu {
  const product = (name: string) => (name.endsWith(" aligned") ? "quadSwap" : "quadSwapAny");
  const choices = { get: (name: string) => (name.startsWith("matmul ") ? product(name) : undefined) };
  Object.assign(on.traits, { family: "unknown", choices });
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
