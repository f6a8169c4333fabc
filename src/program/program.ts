import type { Device } from "../device/device.ts";
import { check } from "../device/errors.ts";
import { byteLength, sameShape } from "../graph/dtype.ts";
import { storageOf } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import { bind, type BoundPlan, compile, type Location } from "./bound.ts";
import { bitsOf, checkAlive } from "./eager.ts";
import { residentStorage } from "./constants.ts";
import { explain } from "./explain.ts";
import type { Gpu } from "./gpu.ts";
import { Pacer } from "./pacer.ts";
import { type Plan, plan } from "./plan.ts";
import { valuesOf } from "./values.ts";

/** What a compiled function may return. */
export type Compiled = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor } | void;

export interface ProgramStats {
  /** Dispatches of one run, its floating-point operations by the formulas of its ops, and the bytes of its own buffers. */
  readonly dispatches: number;
  readonly flops: number;
  readonly bytes: number;
  /** How often the function was traced: once for each list of input shapes. */
  readonly traces: number;
  readonly runs: number;
}

/** One list of input shapes, traced, planned and bound. */
interface Trace {
  readonly inputs: readonly Tensor[];
  readonly plan: Plan;
  readonly bound: BoundPlan;
  readonly inputBuffers: readonly GPUBuffer[];
  /** In the shape of what the function returned. */
  readonly outputs: readonly Tensor[];
  readonly structure: (outputs: readonly Tensor[]) => unknown;
  release(): void;
}

type Body = (...inputs: Tensor[]) => unknown;

/** Lists of input shapes that a program keeps ready. Each holds buffers: the least recently used is released first. */
const MOST_TRACES = 16;

/**
 * A compiled step: `run` replays its dispatches in one submit, `repeat` many steps without waiting in between.
 *
 * Outputs live in the program's own buffers and are valid until the next run; `copy()` keeps one. Nothing is allocated,
 * created or read back while replaying. Inputs of other shapes trace the function again (counted in `stats.traces`);
 * the last 16 lists of shapes stay ready.
 * Runs take turns: one that is called during another begins when that has ended, well or not.
 */
export class Program<R> {
  readonly #device: Device;
  readonly #gpu: Gpu;
  readonly #body: Body;
  readonly #traces: Trace[] = [];
  readonly #pacer: Pacer;
  #current: Trace;
  #turn: Promise<unknown> = Promise.resolve();
  #runs = 0;
  #traced = 1;
  #disposed = false;

  private constructor(device: Device, gpu: Gpu, body: Body, first: Trace) {
    this.#device = device;
    this.#gpu = gpu;
    this.#body = body;
    this.#current = first;
    this.#traces.push(first);
    this.#pacer = new Pacer(device);
  }

  /** @internal */
  static async compile<R>(device: Device, gpu: Gpu, body: Body, examples: readonly Tensor[]): Promise<Program<R>> {
    return new Program<R>(device, gpu, body, await trace(device, gpu, body, examples));
  }

  get stats(): ProgramStats {
    const { plan } = this.#current;
    const bytes = plan.memory.buffers.reduce((a, b) => a + b, 0);
    return {
      dispatches: plan.dispatches.length,
      flops: plan.flops,
      bytes,
      traces: this.#traced,
      runs: this.#runs,
    };
  }

  /** The plan as text: one line per dispatch, what was fused into it, and which buffers it reads and writes. */
  explain(): string {
    return explain(this.#current.plan);
  }

  /** Runs the step once. */
  async run(...inputs: readonly Tensor[]): Promise<R> {
    return this.repeat(1, ...inputs);
  }

  /** Runs the step `times` times in as few submits as keep each short; the inputs are the same for all. */
  async repeat(times: number, ...inputs: readonly Tensor[]): Promise<R> {
    const turn = this.#turn.then(() => this.#repeat(times, inputs));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #repeat(times: number, inputs: readonly Tensor[]): Promise<R> {
    this.#check("run");
    check(
      Number.isInteger(times) && times > 0,
      "argument",
      "repeat",
      () => `expected a whole number of steps > 0; got ${times}.`,
    );
    const chosen = await this.#traceFor(inputs);
    if (inputs.length) await this.#feed(chosen, inputs);
    let left = times;
    while (left > 0) {
      const steps = await this.#pacer.next(left);
      this.#check("run");
      this.#device.submit("run", (pass) => {
        for (let s = 0; s < steps; s++) chosen.bound.encode(pass);
      });
      this.#pacer.submitted(steps);
      left -= steps;
      this.#runs += steps;
    }
    return chosen.structure(chosen.outputs) as R;
  }

  #check(where: string): void {
    check(!this.#disposed, "disposed", where, () => "this program is disposed.");
    this.#device.check(where);
  }

  async #traceFor(inputs: readonly Tensor[]): Promise<Trace> {
    const fits = (t: Trace) =>
      t.inputs.length === inputs.length &&
      t.inputs.every((x, i) => sameShape(x.shape, inputs[i]!.shape) && x.dtype === inputs[i]!.dtype);
    const known = this.#traces.find(fits);
    if (known) return this.#use(known);
    check(
      inputs.length === this.#current.inputs.length,
      "argument",
      "run",
      () => `expected ${this.#current.inputs.length} inputs; got ${inputs.length}.`,
    );
    const made = await trace(this.#device, this.#gpu, this.#body, inputs);
    this.#traced++;
    if (this.#disposed) made.release();
    else this.#use(made);
    return made;
  }

  /** Makes `chosen` the current trace and the last to be released. */
  #use(chosen: Trace): Trace {
    const at = this.#traces.indexOf(chosen);
    if (at >= 0) this.#traces.splice(at, 1);
    this.#traces.push(chosen);
    while (this.#traces.length > MOST_TRACES) this.#traces.shift()!.release();
    return (this.#current = chosen);
  }

  /** Copies the inputs into the program's own buffers, so that its bind groups stay as they are. */
  async #feed(chosen: Trace, inputs: readonly Tensor[]): Promise<void> {
    await this.#gpu.evaluate(inputs);
    this.#check("run");
    const encoder = this.#device.gpu.createCommandEncoder({ label: "inputs" });
    for (const [i, input] of inputs.entries()) {
      checkAlive("run", input);
      const { buffer, offset, bytes } = storageOf(input)!;
      encoder.copyBufferToBuffer(buffer, offset, chosen.inputBuffers[i]!, 0, Math.ceil(bytes / 4) * 4);
    }
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const made of this.#traces) made.release();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

async function trace(device: Device, gpu: Gpu, body: Body, examples: readonly Tensor[]): Promise<Trace> {
  const { inputs, graph, returned } = record(gpu, body, examples);
  const leaves = graph.leaves.filter((leaf) => leaf.source.kind === "stored");
  // held from here on: a dispose() during the awaits below must not hand these buffers to others
  for (const leaf of leaves) leaf.claims++;
  const inputBuffers: GPUBuffer[] = [];
  const release = () => {
    for (const buffer of inputBuffers) device.pool.give(buffer);
    for (const leaf of leaves) gpu.unclaim(leaf);
  };
  try {
    const made = plan(graph, gpu.traits);
    const pipelines = await compile(made, device);
    for (const x of inputs) inputBuffers.push(device.pool.take(byteLength(x.shape, x.dtype), "input"));
    const located = graph.leaves.map((leaf): Location =>
      leaf.source.kind === "input" ? { buffer: inputBuffers[leaf.source.position]!, offset: 0 } : residentStorage(leaf),
    );
    const bound = await bind(made, device, pipelines, located, graph.constants.map(bitsOf), "compile");
    if (made.prelude.length) device.submit("prelude", bound.encodePrelude);
    const outputs = returned.tensors.map((t, i) =>
      gpu.adopt({ ...bound.outputs[i]!, bytes: byteLength(t.shape, t.dtype), owned: false }, t),
    );
    return {
      inputs,
      plan: made,
      bound,
      inputBuffers,
      outputs,
      structure: returned.structure,
      release() {
        bound.release();
        release();
        for (const output of outputs) output.dispose();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** @internal What `body` computes from inputs like `examples`. */
export function record(gpu: Gpu, body: Body, examples: readonly Tensor[]) {
  const inputs = examples.map((x, position) => new Tensor(gpu, x, { kind: "input", position }));
  const { result, assignments } = gpu.trace(() => body(...inputs));
  const returned = flattenResult(result);
  const graph = valuesOf(returned.tensors, assignments);
  for (const leaf of graph.leaves) checkAlive("compile", leaf);
  return { inputs, graph, returned };
}

/** The tensors in what a step returned, and how to put others in their places. */
function flattenResult(result: unknown): {
  tensors: readonly Tensor[];
  structure: (outputs: readonly Tensor[]) => unknown;
} {
  const named = result instanceof Tensor ? [["", result] as const] : Object.entries(result ?? {});
  for (const [name, tensor] of named)
    check(
      tensor instanceof Tensor,
      "argument",
      "compile",
      () => `the step may return tensors only. Expected a Tensor as ${name}; got ${typeof tensor}.`,
    );
  const structure = (outputs: readonly Tensor[]): unknown => {
    if (!result) return undefined;
    if (result instanceof Tensor) return outputs[0];
    if (Array.isArray(result)) return [...outputs];
    return Object.fromEntries(named.map(([name], i) => [name, outputs[i]]));
  };
  return { tensors: named.map(([, tensor]) => tensor as Tensor), structure };
}

/** The tensors in what the body of a scope returned. */
export function tensorsIn(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  if (Array.isArray(result)) return result.flatMap(tensorsIn);
  if (result && typeof result === "object" && Object.getPrototypeOf(result) === Object.prototype)
    return Object.values(result).flatMap(tensorsIn);
  return [];
}
