import type { Device } from "../device/device.ts";
import { check } from "../device/errors.ts";
import type { Pipeline } from "../device/pipelines.ts";
import { byteLength, isFloat } from "../graph/dtype.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { abortable } from "../formats/call.ts";
import { WeakProvenance } from "../graph/provenance.ts";
import { type Runner, inputsOf, type Tensor } from "../graph/tensor.ts";
import type { Storage } from "../graph/storage.ts";
import { bind, compile } from "./bound.ts";
import { residentStorage } from "./constants.ts";
import { addReaders, checkLeaf, pending, release, releaseInputs, sure } from "./lifetime.ts";
import { loadKernels } from "./launches.ts";
import { type Plan, plan } from "./plan.ts";
import { type Graph, valuesOf } from "./values.ts";

/** Plans that are kept, and the dispatches in all of them: long ones are many. */
const MOST_PLANS = 256;
const MOST_PLANNED = 50_000;

/** A constant's bits in its own dtype. */
export function bitsOf({ value, dtype }: Graph["constants"][number]): number {
  const view = new DataView(new ArrayBuffer(4));
  if (isFloat(dtype)) view.setFloat32(0, value);
  else if (dtype === "i32") view.setInt32(0, value);
  else return value >>> 0;
  return view.getUint32(0);
}

/** Runs graphs at once, over pooled buffers; plans are kept by the graph's canonical key. */
export class EagerRunner {
  readonly #gpu: Runner;
  readonly #device: Device;
  readonly #traits: DeviceTraits;
  readonly #plans = new Map<string, { plan: Plan; pipelines: Promise<Pipeline[]> }>();

  constructor(gpu: Runner, device: Device, traits: DeviceTraits) {
    this.#gpu = gpu;
    this.#device = device;
    this.#traits = traits;
  }

  /**
   * Gives each of `tensors` storage of its own; then they no longer need what they were computed from. Ends when the run is submitted:
   * `sure` waits for what the device says of it. An abort is heard while kernels compile.
   */
  async run(where: string, tensors: readonly Tensor[], signal?: AbortSignal): Promise<void> {
    const wanted = [...new Set(tensors)];
    if (wanted.length === 0) return;
    const graph = valuesOf(wanted, []);
    const leaves = graph.leaves.map((leaf) => {
      const { source } = leaf;
      check(source.kind === "stored", "argument", where, () => "an input of a compiled step has no value outside it.");
      // a disposed leaf keeps its storage while it has pending readers
      checkLeaf(where, this.#gpu, leaf);
      return residentStorage(leaf);
    });
    const dropReaders = addReaders(graph.leaves);
    try {
      await abortable(loadKernels(graph), signal);
      const { plan: chosen, pipelines } = this.#planned(graph);
      const compiled = await abortable(pipelines, signal);
      await sure(graph.leaves);
      this.#device.check(where);
      const bound = await bind(chosen, this.#device, compiled, leaves, graph.constants.map(bitsOf), where);
      const outputBuffers = new Set<GPUBuffer>();
      try {
        for (const leaf of graph.leaves) checkLeaf(where, this.#gpu, leaf);
        const encode = (pass: GPUComputePassEncoder) => {
          bound.encodePrelude(pass);
          bound.encode(pass);
        };
        const refusal = this.#device.refusal(where, () => this.#device.sendPass(where, encode));
        const below = recordedBelow(wanted);
        for (const [i, tensor] of wanted.entries()) {
          const location = bound.outputs[i]!;
          const bytes = byteLength(tensor.shape, tensor.dtype);
          const storage = pending({ ...location, bytes, owner: this.#device.pool }, refusal);
          if (materialise(tensor, storage)) outputBuffers.add(location.buffer);
        }
        for (const tensor of below) markRan(tensor);
      } finally {
        bound.release(outputBuffers);
      }
    } finally {
      dropReaders();
    }
  }

  #planned(graph: Graph): { plan: Plan; pipelines: Promise<Pipeline[]> } {
    const cached = this.#plans.get(graph.key);
    if (cached) {
      this.#plans.delete(graph.key);
      this.#plans.set(graph.key, cached);
      return cached;
    }
    const fresh = plan(graph, this.#traits);
    const entry = { plan: fresh, pipelines: compile(fresh, this.#device) };
    entry.pipelines.catch(() => this.#plans.delete(graph.key));
    this.#plans.set(graph.key, entry);
    const lengths = Array.from(this.#plans, ([key, { plan }]) => [key, 1 + plan.dispatches.length] as const);
    let planned = lengths.reduce((sum, [, length]) => sum + length, 0);
    for (const [key, length] of lengths) {
      if (key === graph.key || (this.#plans.size <= MOST_PLANS && planned <= MOST_PLANNED)) break;
      this.#plans.delete(key);
      planned -= length;
    }
    return entry;
  }

  /** Forgets all plans: what they were made from has changed, or ends. */
  clear(): void {
    this.#plans.clear();
  }
}

export const traitsOf = (device: Device, choices: ReadonlyMap<string, string>): DeviceTraits => ({
  family: device.info.family,
  features: new Set(device.info.features),
  maxBindingBytes: device.gpu.limits.maxStorageBufferBindingSize,
  maxStorageBuffers: Math.min(8, device.gpu.limits.maxStorageBuffersPerShaderStage),
  maxGroups: 65_535,
  maxImmediateBytes: device.gpu.limits.maxImmediateSize ?? 0,
  choices,
});

/** Whether `tensor` takes `storage`: a run at the same time may have been first. */
function materialise(tensor: Tensor, storage: Storage): boolean {
  if (tensor.source.kind === "stored") return false;
  if (tensor.parents.length) tensor.provenance = new WeakProvenance(tensor);
  markRan(tensor);
  tensor.source = { kind: "stored", storage, state: false };
  tensor.parents = [];
  tensor.vjp = null;
  release(tensor);
  return true;
}

/** A tensor that has been in a run has read its inputs. */
export function markRan(tensor: Tensor): void {
  tensor.ran = true;
  for (const input of releaseInputs(tensor)) release(input);
}

/** The recorded tensors under `roots`: having been in a run, they are no longer pending readers. */
function recordedBelow(roots: readonly Tensor[]): Tensor[] {
  const found = new Set<Tensor>();
  const stack = roots.flatMap((t) => [...inputsOf(t)]);
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (found.has(tensor) || tensor.source.kind === "stored") continue;
    found.add(tensor);
    stack.push(...inputsOf(tensor));
  }
  return [...found];
}
