import { abortable } from "../formats/call.ts";
import type { Device, Refusal } from "../device/device.ts";
import { check, isPlain, named } from "../device/errors.ts";
import { byteLength } from "../graph/dtype.ts";
import { sameDevice } from "../graph/record.ts";
import type { Storage } from "../graph/storage.ts";
import { Tensor } from "../graph/tensor.ts";
import { bind, type BoundPlan, compile, type Location } from "./bound.ts";
import { residentStorage } from "./constants.ts";
import { bitsOf } from "./eager.ts";
import type { Engine } from "./engine.ts";
import { checkLeaf, dropReader, pending, sure } from "./lifetime.ts";
import { loadKernels } from "./launches.ts";
import { type Plan, plan } from "./plan.ts";
import { resolveView, valuesOf } from "./values.ts";

/** What a compiled function may return. */
export type Compiled = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor } | void;

export type Body = (...inputs: readonly Tensor[]) => unknown;

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

/** Traces, plans and binds `body` for inputs like `examples`. */
export async function trace(
  device: Device,
  gpu: Engine,
  body: Body,
  examples: readonly Tensor[],
  signal?: AbortSignal,
): Promise<Trace> {
  const { inputs, graph, returned } = recordBody(gpu, body, examples);
  const captured = graph.leaves.filter((leaf) => leaf.source.kind === "stored");
  // pending readers from here on: a dispose() during the awaits below must not hand these buffers to others
  for (const leaf of captured) {
    leaf.pendingReaders++;
    leaf.used = true;
  }
  const inputBuffers: GPUBuffer[] = [];
  const release = () => {
    for (const buffer of inputBuffers) device.pool.give(buffer);
    for (const leaf of captured) dropReader(leaf);
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

/** @internal What `body` computes from inputs like `examples`. */
export function recordBody(gpu: Engine, body: Body, examples: readonly Tensor[]) {
  check(
    typeof body === "function",
    "argument",
    "compile",
    () => `expected a function that records a step; got ${named(body)}.`,
  );
  for (const x of examples) sameDevice("compile", gpu, x);
  const inputs = examples.map((x, position) => new Tensor(gpu, x, { kind: "input", position }));
  const { result, assignments } = gpu.trace(() => body(...inputs));
  const returned = flattenResult(result);
  const graph = valuesOf(returned.tensors, assignments);
  for (const leaf of graph.leaves) checkLeaf("compile", gpu, leaf);
  return { inputs, graph, returned };
}

/** The tensors in what a step returned, and how to put others in their places. */
function flattenResult(result: unknown): {
  tensors: readonly Tensor[];
  structure: (outputs: readonly Tensor[]) => unknown;
} {
  const where = "compile";
  check(
    typeof (result as PromiseLike<unknown> | undefined)?.then !== "function",
    "argument",
    where,
    () => "the step is recorded at once, and cannot wait. Expected a function that returns tensors; got an async one.",
  );
  const fits = result === undefined || result instanceof Tensor || Array.isArray(result) || isPlain(result);
  check(
    fits,
    "argument",
    where,
    () => `expected a step that returns a tensor, an array or an object of tensors, or nothing; got ${named(result)}.`,
  );
  const entries = result instanceof Tensor ? [["", result] as const] : Object.entries(result ?? {});
  for (const [name, tensor] of entries)
    check(
      tensor instanceof Tensor,
      "argument",
      where,
      () => `the step may return tensors only. Expected a tensor as ${name}; got ${named(tensor)}.`,
    );
  const structure = (outputs: readonly Tensor[]): unknown => {
    if (!result) return undefined;
    if (result instanceof Tensor) return outputs[0];
    if (Array.isArray(result)) return [...outputs];
    return Object.fromEntries(entries.map(([name], i) => [name, outputs[i]]));
  };
  return { tensors: entries.map(([, tensor]) => tensor as Tensor), structure };
}
