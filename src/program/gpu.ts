import { loaded } from "../device/loaded.ts";
import type { Device, DeviceLoss } from "../device/device.ts";
import type { DeviceInfo } from "../device/info.ts";
import type { Memory } from "../device/pool.ts";
import type { DType, Shape, Spec, TypedArray } from "../graph/dtype.ts";
import type { ReadOptions } from "../graph/options.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Storage, Values } from "../graph/storage.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { Access } from "./access.ts";
import { type Body, type Compiled, recordBody } from "./body.ts";
import { borrow } from "./borrow.ts";
import { compile } from "./compile.ts";
import { picturesOf } from "./pictureCalls.ts";
import { constantOf } from "./constants.ts";
import { EagerRunner, traitsOf } from "./eager.ts";
import { release, watch } from "./lifetime.ts";
import type { DTypeOf, TensorOptions } from "./nested.ts";
import type { Pictures } from "./pictures.ts";
import type { Program } from "./program.ts";
import { collect, type OpenScope, outside, Scope } from "./scope.ts";
import type { SelfTest } from "./selfTest.ts";
import type { TuneOptions, TuneReport } from "./tune.ts";
import { Tracing } from "./tracing.ts";
import { Tuning } from "./tuning.ts";
import { full, uploaded } from "./upload.ts";
import type { Assignment } from "./values.ts";

/**
 * The engine on one device: makes tensors, runs graphs, compiles steps. Opened by `openGpu` and `openNodeGpu`.
 *
 *     const engine: Gpu = gpu; // from openGpu() or openNodeGpu()
 *     const step = await engine.compile((x) => x.mul(2), gpu.tensor([1, 2]));
 *     await (await step.run(gpu.tensor([3, 4]))).read(); // 6, 8
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the interface below says what the constructor adds
export class Gpu {
  readonly #device: Device;
  readonly #eager: EagerRunner;
  readonly #access: Access;
  /** @internal */ readonly traits: DeviceTraits;
  /** Which kernels `tune` chose, to export and import. */
  readonly tuning: Tuning;
  /** Milliseconds of GPU time that training and `repeat` take of each frame; undefined without a budget. */
  readonly budgetMs: number | undefined;
  readonly #scopes: OpenScope = { open: null };
  readonly #tracing = new Tracing();
  /** @internal */ constructor(device: Device, budgetMs?: number) {
    this.#device = device;
    this.budgetMs = budgetMs;
    this.tuning = new Tuning(device, () => this.#eager.clear());
    this.traits = traitsOf(device, this.tuning.choices);
    this.#eager = new EagerRunner(this, device, this.traits);
    this.#access = new Access(this, device, this.#eager);
    Object.assign(this, picturesOf(this, device));
  }

  /** What the device is. */
  get info(): DeviceInfo {
    return this.#device.info;
  }
  /** @internal Whether it is neither disposed nor known to be lost. */ readonly isOpen = () => this.#device.isOpen;
  /** Resolves when the device is lost or disposed; never rejects. */
  get lost(): Promise<DeviceLoss> {
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
   * Throws LatentError: "shape" if the count does not fit, "argument" on what the dtype does not hold, "disposed", "device-lost".
   */
  tensor<V extends Values, D extends DType = DTypeOf<V>>(
    values: V,
    shape?: Shape | TensorOptions<D>,
    options?: TensorOptions<D>,
  ): Tensor<D> {
    return uploaded(this, this.#device, "tensor", values, shape, options) as Tensor as Tensor<D>;
  }

  /** A tensor that a compiled step may `assign`: a parameter, a moment, a counter. */
  state<V extends Values, D extends DType = DTypeOf<V>>(
    values: V,
    shape?: Shape | TensorOptions<D>,
    options?: TensorOptions<D>,
  ): Tensor<D> {
    return uploaded(this, this.#device, "state", values, shape, options) as Tensor as Tensor<D>;
  }

  /** `shape` full of `value`, f32 unless `dtype` says otherwise. Nothing is stored before it is needed. */
  full<D extends DType = "f32">(shape: Shape, value: number, options: TensorOptions<D> = {}): Tensor<D> {
    return full(this, shape, value, options);
  }
  /** `shape` full of zeros. */
  zeros<D extends DType = "f32">(shape: Shape, options: TensorOptions<D> = {}): Tensor<D> {
    return this.full(shape, 0, options);
  }
  /** `shape` full of ones. */
  ones<D extends DType = "f32">(shape: Shape, options: TensorOptions<D> = {}): Tensor<D> {
    return this.full(shape, 1, options);
  }
  /** u32 [count]: 0, 1, … count − 1. */
  arange(count: number): Tensor {
    return arange(this, count);
  }

  /** @internal */ upload(values: TypedArray, shape: Shape, dtype?: DType): Tensor {
    return constantOf(this, this.#device, values, shape, dtype);
  }

  /**
   * A tensor over `buffer`, which stays its owner's: nothing is copied, and a run reads what is there then. A compiled step may
   * `assign` to it, and `write` copies into it: so results get into a buffer of yours.
   * The buffer needs GPUBufferUsage.STORAGE and COPY_SRC (reads and runs copy from it), `offset` is in bytes.
   * Throws LatentError: "shape" if it is too small, "argument" on another usage or while it is mapped. A buffer of another device, or
   * one that is destroyed, cannot be told at once: the first call that uses the tensor names it ("wrong-device", "disposed").
   */
  fromBuffer<D extends DType = "f32">(
    buffer: GPUBuffer,
    shape: Shape,
    options: TensorOptions<D> & { readonly offset?: number } = {},
  ): Tensor<D> {
    this.#device.check("fromBuffer");
    const { storage, dtype } = borrow(this.#device, buffer, shape, options);
    return new Tensor<D>(this, { shape, dtype: dtype as D }, { kind: "stored", storage, state: true });
  }
  /** @internal Wraps memory that the caller manages as a stored tensor; no scope ends it. */
  wrap(storage: Storage, spec: Spec): Tensor {
    const tensor = new Tensor(this, spec, { kind: "stored", storage, state: false });
    tensor.scope?.forget(tensor);
    return tensor;
  }
  /** @internal */ write(storage: Storage, values: TypedArray): void {
    this.#access.write(storage, values);
  }
  /** @internal */ transfer(where: string, from: readonly Storage[], to: readonly Storage[]): void {
    this.#access.transfer(where, from, to);
  }
  /** @internal */ put(where: string, tensor: Tensor, values: Values | Tensor): void | Promise<void> {
    return this.#access.put(where, tensor, values);
  }
  /** @internal */ location(tensor: Tensor): Storage {
    return this.#access.location(tensor);
  }
  /** @internal */ read(tensor: Tensor, options?: ReadOptions): Promise<TypedArray> {
    return this.#access.read(tensor, options);
  }
  /** @internal */ buffer(tensor: Tensor): Promise<GPUBuffer> {
    return this.#access.buffer(tensor);
  }
  /** @internal */ copy(tensor: Tensor): Promise<Tensor> {
    return this.#access.copy(tensor);
  }
  /** Runs what the tensors need, in one plan; afterwards each has storage of its own. Rejects with `signal.reason` when `signal` aborts. */
  evaluate(tensors: readonly Tensor[], options?: ReadOptions): Promise<void> {
    return this.#access.evaluate(tensors, options);
  }
  /** @internal */ checkOpen(where: string): void {
    this.#device.check(where);
  }
  /** @internal Does `work`, a long call, outside the open scope. */
  outside<T>(work: () => Promise<T>): Promise<T> {
    return outside(this.#scopes, work);
  }
  /** @internal */ checkOutside(where: string): void {
    this.#device.check(where);
    this.#tracing.checkOutside(where);
  }

  /** @internal */ register(tensor: Tensor): void {
    if (this.#tracing.takes(tensor)) return;
    this.#scopes.open?.add(tensor);
    // memory of others', and handles on a run's results, are nothing to give back
    if (tensor.source.kind !== "stored" || tensor.source.storage.owner) watch(tensor);
  }

  /** @internal */ dispose_(tensor: Tensor): void {
    if (tensor.disposed) return;
    tensor.disposed = true;
    tensor.scope?.forget(tensor);
    release(tensor);
    tensor.whenDisposed?.();
  }
  /**
   * A scope: at its end it disposes the tensors that were made while it was open, those apart that it keeps.
   *
   *     {
   *       using scope = gpu.scope();
   *       console.log(await x.mul(2).exp().read());
   *     }
   *
   * With a function, sync or async, the scope is open inside it and ends with it; what the function returns (a tensor, an array or
   * plain object of them) is kept. `Scope` says what exactly belongs to it.
   */
  scope(): Scope;
  scope<T>(body: (scope: Scope) => T | Promise<T>): Promise<T>;
  scope<T>(body?: (scope: Scope) => T | Promise<T>): Scope | Promise<T> {
    const scope = new Scope(this.#scopes);
    return body ? this.outside(() => scope.enclose(body, (results) => this.evaluate(results))) : scope.enter();
  }

  /**
   * @internal What `body` records and does not return (a tensor, or an array or plain object of them) is disposed at once:
   * it lives as long as what was returned needs it, and a result that is never read keeps nothing once it is disposed.
   */
  within<T>(body: () => T): T {
    return collect(this.#scopes, body, (scope, result) => scope.keep(result));
  }

  /** @internal What `body` made is disposed if it throws. */
  attempt<T>(body: () => T): T {
    return collect(this.#scopes, body, (scope) => scope.keepAll());
  }
  /** @internal */ assign(state: Tensor, next: Tensor): void {
    this.#tracing.assign(state, next);
  }

  /**
   * Traces `body` on placeholders like `examples`, plans and compiles it. The result replays without creating anything.
   *
   *     const step = await gpu.compile((x) => { … assign(w, next); return loss; }, x);
   *     const loss = await step.run(x);
   */
  compile<R extends Compiled, I extends readonly Tensor[]>(
    body: (...inputs: I) => R,
    ...examples: I
  ): Promise<Program<R, I>> {
    return this.compileFor(undefined, body, ...examples);
  }

  /** @internal The same for a long call: an abort ends the wait for the driver, and frees what was taken. */
  compileFor<R extends Compiled, I extends readonly Tensor[]>(
    signal: AbortSignal | undefined,
    body: (...inputs: I) => R,
    ...examples: I
  ): Promise<Program<R, I>> {
    return this.outside(() => compile<R, I>(this.#device, this, body as Body, examples, signal));
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
  tune<I extends readonly Tensor[]>(
    body: (...inputs: I) => Compiled,
    examples: I = [] as unknown as I,
    options: TuneOptions = {},
  ): Promise<TuneReport> {
    // few programs measure or test a device: what that takes is loaded when it is asked for
    return this.outside(async () => {
      this.#device.check("tune");
      const { graph } = recordBody(this, body as Body, examples);
      return (await loaded("tune", import("./tune.ts"))).tune(this, this.#device, graph, options);
    });
  }

  /** @internal Records what `body` does; nothing of it stays a pending reader. */
  trace<R>(body: () => R): { result: R; assignments: readonly Assignment[] } {
    return this.#tracing.trace(body);
  }

  /** Runs a kernel of each kind twice against the CPU; `failures` names those that are wrong or differ between the runs. */
  selfTest(): Promise<SelfTest> {
    return this.outside(async () => (await loaded("selfTest", import("./selfTest.ts"))).selfTest(this));
  }

  /** Waits until everything submitted so far has run. */
  idle(): Promise<void> {
    return this.outside(() => this.#device.idle("idle"));
  }

  /** Frees all memory of this engine. A GPUDevice that was adopted lives on. */
  dispose(): void {
    this.#eager.clear();
    this.#device.dispose();
  }
  /** The same, for `using`. */ [Symbol.dispose] = (): void => this.dispose();
}

/** Images in and out. */ export interface Gpu extends Pictures {}
