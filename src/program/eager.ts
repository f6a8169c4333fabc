import type { Device } from "../device/device.ts";
import { LatentError, show } from "../device/errors.ts";
import type { Pipeline } from "../device/pipelines.ts";
import { byteLength } from "../graph/dtype.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { inputsOf, type Tensor } from "../graph/tensor.ts";
import { bind, compile } from "./bound.ts";
import { type Plan, plan } from "./plan.ts";
import { type Graph, valuesOf } from "./values.ts";

const MOST_PLANS = 256;

/** A constant's bits in its own dtype. */
export function bitsOf({ value, dtype }: Graph["constants"][number]): number {
  const view = new DataView(new ArrayBuffer(4));
  if (dtype === "f32") view.setFloat32(0, value);
  else if (dtype === "i32") view.setInt32(0, value);
  else return value >>> 0;
  return view.getUint32(0);
}

/** Runs graphs at once, over pooled buffers; plans are kept by the graph's canonical key. */
export class EagerRunner {
  readonly #device: Device;
  readonly #traits: DeviceTraits;
  readonly #check: (where: string) => void;
  readonly #plans = new Map<string, { plan: Plan; pipelines: Promise<Pipeline[]> }>();

  constructor(device: Device, traits: DeviceTraits, check: (where: string) => void) {
    this.#device = device;
    this.#traits = traits;
    this.#check = check;
  }

  /** Gives each of `tensors` storage of its own; then they let go of what they were computed from. */
  async run(where: string, tensors: readonly Tensor[]): Promise<void> {
    const wanted = [...new Set(tensors)];
    if (wanted.length === 0) return;
    const graph = valuesOf(wanted, []);
    const leaves = graph.leaves.map((leaf) => {
      if (leaf.source.kind !== "stored")
        throw new LatentError("argument", `${where}: an input of a compiled step has no value outside it.`);
      // a disposed leaf keeps its storage while unrun nodes claim it
      if (leaf.disposed && leaf.claims <= 0)
        throw new LatentError("disposed", `${where}: needs a tensor ${show(leaf.shape)} that is disposed.`);
      return leaf.source.storage;
    });
    const { plan: chosen, pipelines } = this.#planned(graph);
    // held during the awaits below: a dispose() meanwhile must not hand these buffers to others
    for (const leaf of graph.leaves) leaf.claims++;
    try {
      const compiled = await pipelines;
      this.#check(where);
      const bound = await bind(chosen, this.#device, compiled, leaves, graph.constants.map(bitsOf), where);
      const encoder = this.#device.gpu.createCommandEncoder({ label: where });
      const pass = encoder.beginComputePass({ label: where });
      bound.encodePrelude(pass);
      bound.encode(pass);
      pass.end();
      this.#device.gpu.queue.submit([encoder.finish()]);
      const interior = unclaimed(wanted);
      const kept = new Set<GPUBuffer>();
      for (const [i, tensor] of wanted.entries()) {
        const location = bound.outputs[i]!;
        kept.add(location.buffer);
        this.#materialise(tensor, { ...location, bytes: byteLength(tensor.shape, tensor.dtype), owned: true });
      }
      bound.release(kept);
      for (const tensor of interior) this.#unclaim(tensor);
    } finally {
      for (const leaf of graph.leaves) {
        leaf.claims--;
        this.#releaseIfDone(leaf);
      }
    }
  }

  #planned(graph: Graph): { plan: Plan; pipelines: Promise<Pipeline[]> } {
    const known = this.#plans.get(graph.key);
    if (known) {
      this.#plans.delete(graph.key);
      this.#plans.set(graph.key, known);
      return known;
    }
    const made = plan(graph, this.#traits);
    const entry = { plan: made, pipelines: compile(made, this.#device) };
    entry.pipelines.catch(() => this.#plans.delete(graph.key));
    this.#plans.set(graph.key, entry);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > MOST_PLANS && oldest !== undefined) this.#plans.delete(oldest);
    return entry;
  }

  #materialise(tensor: Tensor, storage: { buffer: GPUBuffer; offset: number; bytes: number; owned: boolean }): void {
    if (tensor.source.kind === "stored") return;
    this.#unclaim(tensor);
    tensor.source = { kind: "stored", storage, state: false };
    tensor.settled = tensor.parents.length > 0;
    tensor.parents = [];
    tensor.pull = null;
    this.#releaseIfDone(tensor);
  }

  #unclaim(tensor: Tensor): void {
    if (!tensor.claiming) return;
    tensor.claiming = false;
    for (const input of inputsOf(tensor)) {
      input.claims--;
      this.#releaseIfDone(input);
    }
  }

  /** Called when the user disposes `tensor`. */
  letGo(tensor: Tensor): void {
    if (tensor.source.kind === "stored") this.#releaseIfDone(tensor);
    else if (tensor.claims <= 0) this.#unclaim(tensor);
  }

  #releaseIfDone(tensor: Tensor): void {
    if (!tensor.disposed || tensor.claims > 0) return;
    if (tensor.source.kind === "stored") {
      const { storage } = tensor.source;
      if (storage.owned) this.#device.pool.give(storage.buffer);
    } else this.#unclaim(tensor);
  }

  /** Forgets all plans: what they were made from has changed, or ends. */
  clear(): void {
    this.#plans.clear();
  }
}

export const traitsOf = (device: Device, choices: ReadonlyMap<string, string>): DeviceTraits => ({
  software: device.info.software,
  features: new Set(device.info.features),
  maxBindingBytes: device.gpu.limits.maxStorageBufferBindingSize,
  maxStorageBuffers: Math.min(8, device.gpu.limits.maxStorageBuffersPerShaderStage),
  maxImmediateBytes: device.gpu.limits.maxImmediateSize ?? 0,
  choices,
});

/** The recorded tensors under `roots`: having been in a run, they claim their inputs no longer. */
function unclaimed(roots: readonly Tensor[]): Tensor[] {
  const found = new Set<Tensor>();
  const stack = roots.flatMap((t) => [...inputsOf(t)]);
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (found.has(tensor) || tensor.source.kind === "stored") continue;
    found.add(tensor);
    stack.push(...inputsOf(tensor));
  }
  return [...found];
}
