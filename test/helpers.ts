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
