import type { Device, Loss } from "../device/device.ts";
import { check, checkOptions, show } from "../device/errors.ts";
import type { DeviceInfo } from "../device/info.ts";
import type { Memory } from "../device/pool.ts";
import { byteLength, type DType, type Shape, stored, type TypedArray, typed } from "../graph/dtype.ts";
import { copyOf } from "../graph/maps.ts";
import { checkSizes, layout, recordMap, storageOf } from "../graph/record.ts";
import type { Runner, Storage } from "../graph/runner.ts";
import { inputsOf, type Spec, Tensor } from "../graph/tensor.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { checkAssigned } from "./assign.ts";
import { constantOf } from "./constants.ts";
import { checkAlive, EagerRunner, traitsOf } from "./eager.ts";
import { ALIGNMENT } from "./prepare.ts";
import { type Compiled, Program, record, tensorsIn } from "./program.ts";
import { type DTypeOf, laidOut, type TensorOptions, type Values } from "./nested.ts";
import { type SelfTest, selfTest } from "./selfTest.ts";
import { tune, type TuneOptions, type TuneReport } from "./tune.ts";
import { Tuning } from "./tuning.ts";
import type { Assignment } from "./values.ts";

/** What a traced step has said so far. */
interface Trace {
  readonly assignments: Assignment[];
  readonly tensors: Tensor[];
}

/** The engine on one device: makes tensors, runs graphs, compiles steps. Opened by `openGpu` and `openNodeGpu`. */
export class Gpu implements Runner {
  readonly #device: Device;
  readonly #eager: EagerRunner;
  /** @internal */ readonly traits: DeviceTraits;
  /** Which kernels `tune` chose, to export and import. */
  readonly tuning: Tuning;
  readonly #scopes: Set<Tensor>[] = [];
  #trace: Trace | null = null;

  /** @internal */
  constructor(device: Device) {
    this.#device = device;
    this.tuning = new Tuning(device, () => this.#eager.clear());
    this.traits = traitsOf(device, this.tuning.choices);
    this.#eager = new EagerRunner(device, this.traits);
  }

  get info(): DeviceInfo {
    return this.#device.info;
  }
  /** Resolves when the device is lost or disposed; never rejects. */
  get lost(): Promise<Loss> {
    return this.#device.lost;
  }
  /** The GPUDevice underneath, for those who embed the engine. */
  get device(): GPUDevice {
    return this.#device.gpu;
  }
  /** Live buffers and bytes; what waits for reuse is counted apart. */
  memory(): Memory {
    return this.#device.pool.memory();
  }
  /** Buffers and pipelines created so far. */
  counters(): { buffers: number; pipelines: number } {
    return { buffers: this.#device.pool.created, pipelines: this.#device.pipelines.created };
  }

  /**
   * A tensor of `values`: a typed array (whose type gives the dtype) or nested arrays, f32 (of booleans: bool) unless `dtype`
   * says otherwise. Without a shape the options may come second: `gpu.tensor([1, 2], { dtype: "i32" })`.
   * Throws LatentError("shape") if the count does not fit `shape`, "argument" on what the dtype does not hold, "disposed" or
   * "device-lost" if the gpu is gone.
   */
  tensor<V extends Values, D extends DType = DTypeOf<V>>(
    values: V,
    shape?: Shape | TensorOptions<D>,
    options?: TensorOptions<D>,
  ): Tensor<D> {
    return this.#upload("tensor", values, shape, options, false) as Tensor as Tensor<D>;
  }

  /** A tensor that a compiled step may `assign`: a parameter, a moment, a counter. */
  state<V extends Values, D extends DType = DTypeOf<V>>(
    values: V,
    shape?: Shape | TensorOptions<D>,
    options?: TensorOptions<D>,
  ): Tensor<D> {
    return this.#upload("state", values, shape, options, true) as Tensor as Tensor<D>;
  }

  /** @internal */
  upload(values: TypedArray, shape: Shape): Tensor {
    return constantOf(this, this.#device, values, shape);
  }

  #upload(
    where: string,
    values: Values,
    shape: Shape | TensorOptions | undefined,
    given: TensorOptions = {},
    state: boolean,
  ): Tensor {
    this.#device.check(where);
    const { dims, dtype, ...flat } = laidOut(where, values, shape, given);
    const bytes = byteLength(dims, dtype);
    const storage: Storage = { buffer: this.#device.pool.take(bytes, where), offset: 0, bytes, owned: true };
    this.write(storage, stored(dtype, flat.values));
    return new Tensor(this, { shape: dims, dtype }, { kind: "stored", storage, state });
  }

  /** @internal Writes `values`, as they are stored, over `storage`; a last partial word is filled with zeros. */
  write(storage: Storage, values: TypedArray): void {
    const whole = values.byteLength - (values.byteLength % 4);
    const { queue } = this.#device.gpu;
    if (whole) queue.writeBuffer(storage.buffer, storage.offset, values.buffer, values.byteOffset, whole);
    if (whole === values.byteLength) return;
    const tail = new Uint8Array(4);
    tail.set(new Uint8Array(values.buffer, values.byteOffset + whole, values.byteLength - whole));
    queue.writeBuffer(storage.buffer, storage.offset + whole, tail);
  }

  /**
   * A tensor over `buffer`, which stays its owner's: nothing is copied, and a run reads what is there then.
   * The buffer needs GPUBufferUsage.STORAGE and COPY_SRC (reads and runs copy from it), `offset` is in bytes.
   * Throws LatentError("shape") if it is too small.
   */
  fromBuffer<D extends DType = "f32">(
    buffer: GPUBuffer,
    shape: Shape,
    options: TensorOptions<D> & { readonly offset?: number } = {},
  ): Tensor<D> {
    const where = "fromBuffer";
    this.#device.check(where);
    checkOptions(where, options, ["dtype", "offset"]);
    checkSizes(where, shape);
    const { dtype = "f32" as D, offset = 0 } = options;
    const bytes = byteLength(shape, dtype);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    check(
      (buffer.usage & usage) === usage,
      "argument",
      where,
      () => `expected a buffer with GPUBufferUsage.STORAGE and COPY_SRC; got usage ${buffer.usage}.`,
    );
    check(
      offset >= 0 && offset % ALIGNMENT === 0,
      "argument",
      where,
      () => `expected an offset ≥ 0 that is a multiple of ${ALIGNMENT}; got ${offset}.`,
    );
    const end = offset + Math.ceil(bytes / 4) * 4;
    check(
      buffer.size >= end,
      "shape",
      where,
      () => `buffer too small. Expected ${end} bytes for ${show(shape)}; got ${buffer.size}.`,
    );
    return new Tensor(
      this,
      { shape, dtype },
      { kind: "stored", storage: { buffer, offset, bytes, owned: false }, state: false },
    );
  }

  /** @internal A stored tensor over memory that the caller manages; no scope ends it. */
  adopt(storage: Storage, spec: Spec): Tensor {
    const tensor = new Tensor(this, spec, { kind: "stored", storage, state: false });
    this.#scopes.at(-1)?.delete(tensor);
    return tensor;
  }

  async read(tensor: Tensor): Promise<TypedArray> {
    const storage = await this.#stored("read", tensor);
    const bytes = byteLength(tensor.shape, tensor.dtype);
    return typed(
      tensor.dtype,
      await this.#device.read(storage.buffer, storage.offset, bytes, `read ${show(tensor.shape)}`),
    );
  }

  async buffer(tensor: Tensor): Promise<GPUBuffer> {
    const { buffer, offset, bytes } = await this.#stored("buffer", tensor);
    check(
      offset === 0 && buffer.size - bytes < 4,
      "unsupported",
      "buffer",
      () => "this tensor is a part of another's buffer. Call copy() first.",
    );
    return buffer;
  }

  async copy(tensor: Tensor): Promise<Tensor> {
    const copied = recordMap("copy", copyOf(tensor.dtype), [tensor], null);
    await this.#stored("copy", copied);
    return copied;
  }

  /** Runs what the tensors need, in one plan; afterwards each has storage of its own. */
  async evaluate(tensors: readonly Tensor[]): Promise<void> {
    this.#checkOutside("evaluate");
    await this.#eager.run(
      "evaluate",
      tensors.filter((t) => !storageOf(t)),
    );
  }

  async #stored(where: string, tensor: Tensor): Promise<Storage> {
    this.#checkOutside(where);
    checkAlive(where, tensor);
    if (!storageOf(tensor)) await this.#eager.run(where, [tensor]);
    const { base } = layout(tensor);
    checkAlive(where, base, base.claims);
    return storageOf(tensor)!;
  }

  #checkOutside(where: string): void {
    this.#device.check(where);
    check(
      !this.#trace,
      "argument",
      where,
      () => "values do not exist yet inside the function that gpu.compile traces. Return the tensor instead.",
    );
  }

  /** @internal */
  register(tensor: Tensor): void {
    this.#trace?.tensors.push(tensor);
    if (tensor.source.kind !== "input") this.#scopes.at(-1)?.add(tensor);
  }

  /** @internal */
  dispose_(tensor: Tensor): void {
    if (tensor.disposed) return;
    tensor.disposed = true;
    this.#eager.letGo(tensor);
  }

  /** @internal A program lets go of a tensor that it captured. */
  unclaim(tensor: Tensor): void {
    tensor.claims--;
    if (tensor.disposed || tensor.upload) this.#eager.letGo(tensor);
  }

  /**
   * Runs `body`, then disposes every tensor made inside it except those that it returns (a tensor, or an array or plain
   * object of them); those belong to the scope around it. The body may be async; scopes of concurrent bodies must not interleave.
   */
  async scope<T>(body: () => T | Promise<T>): Promise<T> {
    const mine = new Set<Tensor>();
    const around = this.#scopes.at(-1);
    let kept: readonly Tensor[] = [];
    this.#scopes.push(mine);
    try {
      const result = await body();
      await this.evaluate(tensorsIn(result));
      kept = tensorsIn(result);
      return result;
    } finally {
      this.#scopes.splice(this.#scopes.indexOf(mine), 1);
      for (const tensor of mine) if (!kept.includes(tensor)) this.dispose_(tensor);
      for (const tensor of kept) if (mine.has(tensor)) around?.add(tensor);
    }
  }

  /**
   * @internal What `body` records and does not return (a tensor, or an array or plain object of them) is disposed at once:
   * it lives as long as what was returned needs it, and a result that is never read keeps nothing once it is disposed.
   */
  within<T>(body: () => T): T {
    return this.#collect(body, tensorsIn);
  }

  /** @internal What `body` made is disposed if it throws. */
  attempt<T>(body: () => T): T {
    return this.#collect(body, (_, made) => made);
  }

  #collect<T>(body: () => T, kept: (result: T, made: ReadonlySet<Tensor>) => Iterable<Tensor>): T {
    const made = new Set<Tensor>();
    this.#scopes.push(made);
    try {
      const result = body();
      for (const tensor of kept(result, made)) if (made.delete(tensor)) this.#scopes.at(-2)?.add(tensor);
      return result;
    } finally {
      this.#scopes.pop();
      for (const tensor of made) this.dispose_(tensor);
    }
  }

  /** @internal */
  assign(state: Tensor, next: Tensor): void {
    const trace = this.#trace;
    check(trace !== null, "argument", "assign", () => "works only inside the function given to gpu.compile.");
    checkAssigned(state, trace.assignments);
    check(
      show(state.shape) === show(next.shape) && state.dtype === next.dtype,
      "shape",
      "assign",
      () => `expected ${state.dtype} ${show(state.shape)}, the state's own; got ${next.dtype} ${show(next.shape)}.`,
    );
    trace.assignments.push({ state, next });
  }

  /**
   * Traces `body` on placeholders like `examples`, plans and compiles it. The result replays without creating anything.
   *
   *     const step = await gpu.compile((x) => { … assign(w, next); return loss; }, x);
   *     const loss = await step.run(x);
   */
  async compile<R extends Compiled>(
    body: (...inputs: Tensor[]) => R,
    ...examples: readonly Tensor[]
  ): Promise<Program<R>> {
    this.#device.check("compile");
    return Program.compile<R>(this.#device, this, body, examples);
  }

  /**
   * Measures, on this device, the kernels that `body` can choose from on inputs like `examples`. From now on eager runs, and
   * programs compiled later, take the fastest of those that are right. Sizes that had a choice keep it.
   *
   *     await gpu.tune((x) => matmul(x, w), [x], { store: browserTuning() });
   *
   * Other kernels sum in another order, so results may change in their last bits; without this call they never do. Nothing
   * changes if it rejects: with `signal.reason` on abort, or with LatentError as `compile` does.
   */
  async tune(
    body: (...inputs: Tensor[]) => Compiled,
    examples: readonly Tensor[] = [],
    options: TuneOptions = {},
  ): Promise<TuneReport> {
    this.#device.check("tune");
    const { graph } = record(this, body, examples);
    return tune(this, this.#device, graph, options);
  }

  /** @internal Records what `body` does, without any claim on memory. */
  trace<R>(body: () => R): { result: R; assignments: readonly Assignment[] } {
    check(!this.#trace, "argument", "compile", () => "one step cannot be compiled inside another.");
    const trace: Trace = { assignments: [], tensors: [] };
    this.#trace = trace;
    this.#scopes.push(new Set());
    try {
      return { result: body(), assignments: trace.assignments };
    } finally {
      this.#trace = null;
      this.#scopes.pop();
      for (const tensor of trace.tensors) {
        if (tensor.claiming) for (const input of inputsOf(tensor)) input.claims--;
        tensor.claiming = false;
      }
    }
  }

  /** Runs a kernel of each kind twice against the CPU; `failures` names those that are wrong or differ between the runs. */
  selfTest(): Promise<SelfTest> {
    return selfTest(this);
  }

  /** Waits until everything submitted so far has run. */
  async idle(): Promise<void> {
    await this.#device.idle("idle");
  }

  /** Frees all memory of this engine. A GPUDevice that was adopted lives on. */
  dispose(): void {
    this.#eager.clear();
    this.#device.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
