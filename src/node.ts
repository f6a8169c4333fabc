import { LatentError, present } from "./device/errors.ts";
import type { OpenOptions } from "./device/open.ts";
import { openWith } from "./open.ts";
import type { Gpu } from "./program/gpu.ts";

/** Dawn's instance must outlive its devices: collected earlier, it takes the process down. */
const instances: GPU[] = [];

/**
 * Opens the engine in Node, on Dawn through the optional peer dependency `webgpu`: a real GPU first, else a software
 * adapter (`gpu.info.software` says which).
 *
 * Throws LatentError("unsupported") if the package or a Vulkan driver is missing.
 *
 *     import { openNodeGpu } from "latentgpu/node";
 *     const gpu = await openNodeGpu();
 *     console.log(gpu.info.description);
 */
export async function openNodeGpu(options: OpenOptions = {}): Promise<Gpu> {
  const dawn = await import("webgpu").catch((cause: unknown) => {
    throw new LatentError(
      "unsupported",
      "openNodeGpu: the package webgpu is missing. Install it: npm install webgpu.",
      { cause },
    );
  });
  for (const [name, value] of Object.entries(dawn.globals))
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true });
  const instance = dawn.create([]);
  instances.push(instance);
  return openWith(instance, { powerPreference: "high-performance", ...present(options) });
}

export { loadMnistNode } from "./data/mnist-node.ts";
export { writeFileWhole } from "./nn/checkpoint-node.ts";
export { fileTuning } from "./program/tuning-node.ts";
