import type { Device } from "../device/device.ts";
import { loaded } from "../device/loaded.ts";
import { abortable } from "../formats/call.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Body, recordBody } from "./body.ts";
import type { Engine } from "./engine.ts";
import { loadKernels } from "./launches.ts";
import { addReaders } from "./lifetime.ts";
import type { Program } from "./program.ts";

/**
 * Records `body` at once, and makes a program of it. A page that compiles nothing never loads what programs are made with; one that does
 * loads it beside the kernels of its first step.
 */
export async function compile<R, I extends readonly Tensor[]>(
  device: Device,
  gpu: Engine,
  body: Body,
  examples: readonly Tensor[],
  signal?: AbortSignal,
): Promise<Program<R, I>> {
  device.check("compile");
  const recorded = recordBody(gpu, body, examples);
  const dropReaders = addReaders(recorded.graph.leaves);
  try {
    const files = Promise.all([loaded("compile", import("./program.ts")), loadKernels(recorded.graph)]);
    const [{ Program }] = await abortable(files, signal);
    return await Program.compile<R, I>(device, gpu, body, recorded, signal);
  } finally {
    dropReaders();
  }
}
