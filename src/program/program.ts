import type { Device, Refusal } from "../device/device.ts";
import { check, checkOptions, isPlain, named, show } from "../device/errors.ts";
import { sameShape } from "../graph/dtype.ts";
import { noteWrite } from "../graph/provenance.ts";
import { layout, sameDevice, storageOf } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { ALIGNMENT } from "../kernels/arguments.ts";
import { explain } from "./explain.ts";
import type { Engine } from "./engine.ts";
import { checkAlive, checkLeaf, isSure } from "./lifetime.ts";
import { checkBudget } from "./budget.ts";
import { Pacer } from "./pacer.ts";
import { type Body, recordBody, type Recorded } from "./body.ts";
import { trace, type Trace } from "./trace.ts";

/** What a compiled step costs. */
export interface ProgramStats {
  /** Dispatches of one run. */
  readonly dispatches: number;
  /** Floating-point operations of one run, by the formulas of its ops. */
  readonly flops: number;
  /** Bytes of its own buffers. */
  readonly bytes: number;
  /** How often the function was traced: once for each list of input shapes. */
  readonly traces: number;
  /** Runs so far. */
  readonly runs: number;
}

/** What a series of runs may be asked for. */
export interface RepeatOptions {
  /** Milliseconds of GPU time in each frame of a page that also draws; the gpu's own `budgetMs` without it. */
  readonly budgetMs?: number;
}

/** The first of two refusals. */
const first = async (earlier: Promise<Refusal>, later: Promise<Refusal>): Promise<Refusal> => (await earlier) ?? later;

/** Lists of input shapes that a program keeps ready. Each holds buffers: the least recently used is released first. */
const MOST_TRACES = 16;

/**
 * A compiled step: `run` replays its dispatches in one submit, `repeat` many steps without waiting in between.
 *
 * Outputs live in the program's own buffers. What a run returns are handles of that run: the next one ends them, and then they
 * throw "disposed"; `copy()` keeps one. Nothing is allocated, created or read back while replaying.
 * Inputs of other shapes trace the function again (counted in `stats.traces`); the last 16 lists of shapes stay ready.
 * Runs take turns: one that is called during another begins when that has ended, well or not.
 *
 *     const step: Program<Tensor> = await gpu.compile((x) => sum(x.pow(2)), x);
 *     console.log(step.explain(), step.stats.dispatches);
 */
export class Program<R, I extends readonly Tensor[] = readonly Tensor[]> {
  readonly #device: Device;
  readonly #gpu: Engine;
  readonly #body: Body;
  readonly #traces: Trace[] = [];
  readonly #pacer: Pacer;
  /** Of the long call that compiled it. An abort ends the wait of any later run for the driver. */
  readonly #signal: AbortSignal | undefined;
  #current: Trace;
  #queue: Promise<unknown> = Promise.resolve();
  #underway = false;
  /** What the last run returned, until the next one. */
  #handles: readonly Tensor[] = [];
  #runs = 0;
  #traced = 1;
  #disposed = false;

  private constructor(device: Device, gpu: Engine, body: Body, first: Trace, signal?: AbortSignal) {
    this.#device = device;
    this.#gpu = gpu;
    this.#body = body;
    this.#current = first;
    this.#traces.push(first);
    this.#pacer = new Pacer(device);
    this.#signal = signal;
  }

  /** @internal The program of `body`, from its first recording. */
  static async compile<R, I extends readonly Tensor[]>(
    device: Device,
    gpu: Engine,
    body: Body,
    recorded: Recorded,
    signal?: AbortSignal,
  ): Promise<Program<R, I>> {
    return new Program<R, I>(device, gpu, body, await trace(device, gpu, recorded, signal), signal);
  }

  /** What it costs. */
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
  run(...inputs: I): Promise<R> {
    return this.#enqueue("run", 1, inputs, undefined);
  }

  /**
   * Runs the step `times` times in as few submits as keep each short; the inputs are the same for all. Options may follow the
   * inputs: `step.repeat(1000, x, { budgetMs: 4 })` leaves the rest of each frame to the page.
   */
  repeat(times: number, ...inputs: I | [...I, RepeatOptions]): Promise<R> {
    const last: unknown = inputs.at(-1);
    const options = isPlain(last) ? (last as RepeatOptions) : {};
    return this.#enqueue("repeat", times, inputs.slice(0, inputs.length - Number(isPlain(last))) as Tensor[], options);
  }

  #enqueue(where: string, times: number, inputs: readonly Tensor[], options: RepeatOptions = {}): Promise<R> {
    return this.#gpu.outside(async () => {
      checkOptions(where, options, ["budgetMs"]);
      const { budgetMs = this.#gpu.budgetMs } = options;
      checkBudget(where, budgetMs);
      check(
        Number.isInteger(times) && times > 0,
        "argument",
        where,
        () => `expected a whole number of steps > 0; got ${named(times)}.`,
      );
      for (const x of inputs) sameDevice(where, this.#gpu, x);
      const queued = this.#queue.then(() => this.#repeat(where, times, inputs, where === "run" ? undefined : budgetMs));
      this.#queue = queued.catch(() => {});
      return queued;
    });
  }

  async #repeat(where: string, times: number, inputs: readonly Tensor[], budgetMs: number | undefined): Promise<R> {
    this.#underway = true;
    try {
      this.#check(where);
      const chosen = await this.#traceFor(inputs);
      let refusal: Promise<Refusal> | undefined;
      for (let left = times; left > 0;) {
        const steps = await this.#pacer.next(left, budgetMs);
        if (!refusal && !inputs.every(isSure)) await this.#gpu.evaluate(inputs, { signal: this.#signal });
        this.#check(where);
        const feed = refusal ? undefined : this.#feed(where, chosen, inputs);
        this.#begin(where, chosen, steps);
        const encode = (pass: GPUComputePassEncoder) => {
          for (let s = 0; s < steps; s++) chosen.bound.encode(pass);
        };
        const refused = this.#device.attempt(where, () => this.#device.sendPass(where, encode, feed));
        refusal = refusal ? first(refusal, refused) : refused;
        this.#pacer.submitted(steps);
        left -= steps;
      }
      return this.#results(chosen, refusal!);
    } finally {
      this.#underway = false;
    }
  }

  /**
   * Puts one step into a compute pass of your own, or into a pass of its own in your command encoder; it runs when you submit that.
   * Inputs are read where they lie. Returns handles on the outputs, as `run` does.
   *
   * Throws LatentError: "argument" on inputs that are not computed yet, of shapes that this program has not met, that start at no
   * multiple of 256 bytes or that the step itself writes; "busy" during a run.
   */
  encode(target: GPUComputePassEncoder | GPUCommandEncoder, ...inputs: I): R {
    const where = "encode";
    this.#check(where);
    check(!this.#underway, "busy", where, () => "a run of this program is under way. Await it first.");
    const isEncoder = typeof (target as GPUCommandEncoder)?.beginComputePass === "function";
    check(
      isEncoder || typeof (target as GPUComputePassEncoder)?.dispatchWorkgroups === "function",
      "argument",
      where,
      () => `expected a GPUComputePassEncoder or a GPUCommandEncoder; got ${named(target)}.`,
    );
    for (const x of inputs) sameDevice(where, this.#gpu, x);
    const chosen = this.#cachedTrace(inputs);
    check(
      chosen !== undefined,
      "argument",
      where,
      () =>
        `compiled for other inputs: expected ${this.#current.inputs.map(String).join(", ") || "none"}; got ${inputs.map(String).join(", ") || "none"}. Call run once with these.`,
    );
    const written = new Set([...chosen.written, ...this.#handles.map((h) => storageOf(h)!.buffer)]);
    const places = inputs.map((input) => {
      checkAlive(where, input);
      const place = this.#gpu.location(input);
      const own = written.has(place.buffer);
      check(
        place.offset % ALIGNMENT === 0 && !own,
        "argument",
        where,
        () =>
          `input ${show(input.shape)} ${own ? "is overwritten by this step" : "starts at no multiple of 256 bytes"}. Give a copy().`,
      );
      return place;
    });
    this.#use(chosen);
    this.#begin(where, chosen, 1);
    const elsewhere = chosen.located.map((place, slot) => places[chosen.slots.indexOf(slot)] ?? place);
    const pass = isEncoder
      ? (target as GPUCommandEncoder).beginComputePass({ label: where })
      : (target as GPUComputePassEncoder);
    const refusal = this.#device.attempt(where, () => chosen.bound.encode(pass, elsewhere));
    if (isEncoder) pass.end();
    return this.#results(chosen, refusal);
  }

  #results(chosen: Trace, refusal: Promise<Refusal>): R {
    const { handles, result } = chosen.results(refusal);
    this.#handles = handles;
    return result as R;
  }

  /** A run of `steps` steps overwrites what the one before it returned, and the states. */
  #begin(where: string, chosen: Trace, steps: number): void {
    for (const leaf of chosen.captured) checkLeaf(where, this.#gpu, leaf);
    for (const handle of this.#handles) handle.disposed = handle.ended = true;
    for (const buffer of chosen.written) noteWrite(buffer);
    this.#runs += steps;
  }

  #check(where: string): void {
    check(!this.#disposed, "disposed", where, () => "this program is disposed.");
    this.#device.check(where);
  }

  #cachedTrace(inputs: readonly Tensor[]): Trace | undefined {
    return this.#traces.find(
      (t) =>
        t.inputs.length === inputs.length &&
        t.inputs.every((x, i) => sameShape(x.shape, inputs[i]!.shape) && x.dtype === inputs[i]!.dtype),
    );
  }

  async #traceFor(inputs: readonly Tensor[]): Promise<Trace> {
    const cached = this.#cachedTrace(inputs);
    if (cached) return this.#use(cached);
    check(
      inputs.length === this.#current.inputs.length,
      "argument",
      "run",
      () => `expected ${this.#current.inputs.length} inputs; got ${inputs.length}.`,
    );
    const recorded = recordBody(this.#gpu, this.#body, inputs);
    const traced = await trace(this.#device, this.#gpu, recorded, this.#signal);
    this.#traced++;
    if (this.#disposed) traced.release();
    else this.#use(traced);
    return traced;
  }

  /** Makes `chosen` the current trace and the last to be released. */
  #use(chosen: Trace): Trace {
    const at = this.#traces.indexOf(chosen);
    if (at >= 0) this.#traces.splice(at, 1);
    this.#traces.push(chosen);
    while (this.#traces.length > MOST_TRACES) this.#traces.shift()!.release();
    return (this.#current = chosen);
  }

  /** The copy of the inputs into the program's own buffers, so that its bind groups stay as they are. */
  #feed(where: string, chosen: Trace, inputs: readonly Tensor[]): (encoder: GPUCommandEncoder) => void {
    for (const input of inputs) {
      checkLeaf(where, this.#gpu, layout(input).base);
      checkAlive(where, input);
    }
    return (encoder) => {
      for (const [i, input] of inputs.entries()) {
        const { buffer, offset, bytes } = storageOf(input)!;
        encoder.copyBufferToBuffer(buffer, offset, chosen.inputBuffers[i]!, 0, Math.ceil(bytes / 4) * 4);
      }
    };
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const handle of this.#handles) handle.disposed = true;
    for (const traced of this.#traces) traced.release();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
