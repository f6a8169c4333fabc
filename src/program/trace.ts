import { abortable } from "../formats/call.ts";
import type { Device, Refusal } from "../device/device.ts";
import { byteLength } from "../graph/dtype.ts";
import type { Storage } from "../graph/storage.ts";
import type { Tensor } from "../graph/tensor.ts";
import { bind, type BoundPlan, compile, type Location } from "./bound.ts";
import { residentStorage } from "./constants.ts";
import type { Recorded } from "./body.ts";
import { bitsOf } from "./eager.ts";
import type { Engine } from "./engine.ts";
import { addReaders, checkLeaf, pending, sure } from "./lifetime.ts";
import { loadKernels } from "./launches.ts";
import { type Plan, plan } from "./plan.ts";
import { resolveView } from "./values.ts";

/** One list of input shapes, traced, planned and bound. */
export interface Trace {
  readonly inputs: readonly Tensor[];
  readonly plan: Plan;
  readonly bound: BoundPlan;
  readonly inputBuffers: readonly GPUBuffer[];
  /** Where the bound plan finds its leaves, inputs among them. */
  readonly located: readonly Location[];
  /** The leaf that each input is; −1 where the step does not use it. */
  readonly slots: readonly number[];
  /** What the step captured, and the states that it writes. */
  readonly captured: readonly Tensor[];
  readonly written: readonly GPUBuffer[];
  /** New handles on the outputs of a run, unless the device refuses it, and these in the shape of what the function returned. */
  results(refusal: Promise<Refusal>): { readonly handles: readonly Tensor[]; readonly result: unknown };
  release(): void;
}

/** Plans and binds what a step recorded. */
export async function trace(
  device: Device,
  gpu: Engine,
  { inputs, graph, returned }: Recorded,
  signal?: AbortSignal,
): Promise<Trace> {
  const captured = graph.leaves.filter((leaf) => leaf.source.kind === "stored");
  const dropReaders = addReaders(captured);
  for (const leaf of captured) leaf.used = true;
  const inputBuffers: GPUBuffer[] = [];
  const release = () => {
    for (const buffer of inputBuffers) device.pool.give(buffer);
    dropReaders();
  };
  try {
    await abortable(loadKernels(graph), signal);
    const planned = plan(graph, gpu.traits);
    // an abort does not wait for the driver
    const pipelines = await abortable(compile(planned, device), signal);
    await device.watch("compile", () => {
      for (const x of inputs) inputBuffers.push(device.pool.take(byteLength(x.shape, x.dtype), "input"));
    });
    const located = graph.leaves.map((leaf): Location =>
      leaf.source.kind === "input" ? { buffer: inputBuffers[leaf.source.position]!, offset: 0 } : residentStorage(leaf),
    );
    const bound = await bind(planned, device, pipelines, located, graph.constants.map(bitsOf), "compile");
    try {
      await sure(captured);
      for (const leaf of captured) checkLeaf("compile", gpu, leaf);
      await device.watch("compile", bound.prepare);
      if (planned.prelude.length) await device.submit("prelude", bound.encodePrelude);
    } catch (error) {
      bound.release();
      throw error;
    }
    const places = returned.tensors.map((t, i): Storage => ({
      ...bound.outputs[i]!,
      bytes: byteLength(t.shape, t.dtype),
      owner: null,
    }));
    return {
      inputs,
      plan: planned,
      bound,
      inputBuffers,
      located,
      slots: inputs.map((x) => graph.leaves.indexOf(x)),
      captured,
      written: graph.assignments.map(({ state }) => {
        const { what } = resolveView(state).base;
        return located[(what as { slot: number }).slot]!.buffer;
      }),
      results(refusal) {
        const handles = returned.tensors.map((t, i) => gpu.wrap(pending({ ...places[i]! }, refusal), t));
        return { handles, result: returned.structure(handles) };
      },
      release() {
        bound.release();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}
