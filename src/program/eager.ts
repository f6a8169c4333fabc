import type { Device } from "../device/device.ts";
import { check, show } from "../device/errors.ts";
import type { Pipeline } from "../device/pipelines.ts";
import { byteLength, isFloat } from "../graph/dtype.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import type { Storage } from "../graph/runner.ts";
import { inputsOf, type Tensor } from "../graph/tensor.ts";
import { bind, compile } from "./bound.ts";
import { absent, residentStorage } from "./constants.ts";
import { type Plan, plan } from "./plan.ts";
import { type Graph, valuesOf } from "./values.ts";

const MOST_PLANS = 256;

export const checkAlive = (where: string, { disposed, shape }: Tensor, claims = 0): void =>
  check(!disposed || claims > 0, "disposed", where, () => `needs a tensor ${show(shape)} that is disposed.`);

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
  readonly #device: Device;
  readonly #traits: DeviceTraits;
  readonly #plans = new Map<string, { plan: Plan; pipelines: Promise<Pipeline[]> }>();

  constructor(device: Device, traits: DeviceTraits) {
    this.#device = device;
    this.#traits = traits;
  }

  /** Gives each of `tensors` storage of its own; then they let go of what they were computed from. */
  async run(where: string, tensors: readonly Tensor[]): Promise<void> {
    const wanted = [...new Set(tensors)];
    if (wanted.length === 0) return;
    const graph = valuesOf(wanted, []);
    const leaves = graph.leaves.map((leaf) => {
      const { source } = leaf;
      check(source.kind === "stored", "argument", where, () => "an input of a compiled step has no value outside it.");
      // a disposed leaf keeps its storage while unrun nodes claim it
      checkAlive(where, leaf, leaf.claims);
      return residentStorage(leaf);
    });
    const { plan: chosen, pipelines } = this.#planned(graph);
    // held during the awaits below: a dispose() meanwhile must not hand these buffers to others
    for (const leaf of graph.leaves) leaf.claims++;
    try {
      const compiled = await pipelines;
      this.#device.check(where);
      const bound = await bind(chosen, this.#device, compiled, leaves, graph.constants.map(bitsOf), where);
      this.#device.submit(where, (pass) => {
        bound.encodePrelude(pass);
        bound.encode(pass);
      });
      const interior = unclaimed(wanted);
      const kept = new Set<GPUBuffer>();
      for (const [i, tensor] of wanted.entries()) {
        const location = bound.outputs[i]!;
        const bytes = byteLength(tensor.shape, tensor.dtype);
        if (this.#materialise(tensor, { ...location, bytes, owned: true })) kept.add(location.buffer);
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

  /** Whether `tensor` takes `storage`: a run at the same time may have been first. */
  #materialise(tensor: Tensor, storage: Storage): boolean {
    if (tensor.source.kind === "stored") return false;
    this.#unclaim(tensor);
    tensor.source = { kind: "stored", storage, state: false };
    tensor.settled = tensor.parents.length > 0;
    tensor.parents = [];
    tensor.pull = null;
    this.#releaseIfDone(tensor);
    return true;
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
    if (!(tensor.disposed || tensor.upload) || tensor.claims > 0) return;
    if (tensor.source.kind === "stored") {
      const { storage } = tensor.source;
      // an op's own constants are written again when they are needed again
      if (tensor.upload) tensor.source = { ...tensor.source, storage: absent };
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
  maxGroups: 65_535,
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
