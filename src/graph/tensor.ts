import { check, show } from "../device/errors.ts";
import { type Arrays, count, type DType, type Joint, type Shape, type Spec, type Total } from "./dtype.ts";
import type { Axes, GeluOptions, ReadOptions, ReduceOptions, VarianceOptions } from "./options.ts";
import type { RunnerOf } from "./runner.ts";
import type { SourceOf } from "./source.ts";
import type { Storage, Values } from "./storage.ts";

/** What tensors need of the layer that runs them. */
export type Runner = RunnerOf<Tensor>;

/** How a tensor's value comes about. */
export type Source = SourceOf<Tensor>;

/** A number where a tensor is expected stands for itself, in the other operand's dtype. */
export type TensorOrNumber<D extends DType = DType> = Tensor<D> | number;

/** Where a tensor comes from, as `grad` needs it. */
export interface Origin {
  readonly source: Source;
  readonly parents: readonly Tensor[];
  readonly vjp: Vjp | null;
}

/** What is known of how a stored tensor was computed (provenance.ts). */
export interface Provenance {
  /** Null once an input is gone or changed. */
  open(): Origin | null;
  /** Whether it was computed from `leaf`, a stored tensor, directly. */
  uses(leaf: Tensor): boolean;
}

/** Outlives its tensor, and keeps no other alive. */
export interface Owned {
  /** The inputs that the node, which has not run, will read. */
  pendingInputs: readonly WeakRef<Tensor>[];
  /** Of a tensor that was disposed while it had pending readers. */
  storage: Storage | null;
}

/** The gradient of each input, given that of every output (null where none arrives). */
export type Vjp = (gradients: readonly (Tensor | null)[], output: Tensor) => readonly (Tensor | null)[];

/**
 * A node of the graph, and the user's handle on it. Ops record; `read()` plans and runs what this tensor needs.
 *
 * `D` is its dtype, where the types know it. A tensor with storage holds GPU memory until `dispose()`, the end of its
 * `gpu.scope`, or `using`.
 *
 *     const x: Tensor<"f32"> = gpu.tensor([[1, 2], [3, 4]]);
 *     x.shape; // [2, 2]
 *     await x.matmul(x).read(); // 7, 10, 15, 22
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the interface below says what installMethods adds
export class Tensor<D extends DType = DType> {
  /** The engine that it lives on; in the published types a `Gpu`. */
  readonly gpu: Runner;
  /** Sizes along its axes. */
  readonly shape: Shape;
  /** The type of its elements. */
  readonly dtype: D;
  /** @internal */ source: Source;
  /** @internal What `vjp` gives gradients for; a view's is the tensor it was taken from, not its base. */ parents: readonly Tensor[];
  /** @internal */ vjp: Vjp | null;
  /** @internal How a stored tensor was computed, for `grad`. */ provenance: Provenance | null = null;
  /** @internal Recorded nodes that have not run and will read this storage. */ pendingReaders = 0;
  /** @internal */ disposed = false;
  /** @internal Writes an op's own constants (indices, weights) to memory, where they are only while runs need them. */ upload:
    (() => Storage) | null = null;
  /** @internal It came from a program's run, and a later one has overwritten it. */ ended = false;
  /** @internal It was part of a run: it reads its inputs again only for what is recorded from it since. */ ran = false;
  /** @internal Something has been recorded from it, or knows its place: its storage must stay where it is. */ used = false;
  /** @internal Who wants to know that it is disposed: what it is a part of ends with the last of its parts. */ whenDisposed:
    (() => void) | null = null;
  /** @internal The scope that disposes it. */ scope: { add(x: Tensor): void; forget(x: Tensor): void } | null = null;
  /** @internal What the pool gets back once nobody can reach this tensor. */ readonly owned: Owned = {
    pendingInputs: [],
    storage: null,
  };
  #weak: WeakRef<Tensor> | undefined;
  /** @internal */
  constructor(gpu: Runner, spec: Spec<D>, source: Source, parents: readonly Tensor[] = [], vjp: Vjp | null = null) {
    this.gpu = gpu;
    this.shape = spec.shape;
    this.dtype = spec.dtype;
    this.source = source;
    this.parents = parents;
    this.vjp = vjp;
    gpu.register(this);
  }

  /** @internal Whether its inputs count this node among their pending readers. */
  get isPendingReader(): boolean {
    return this.owned.pendingInputs.length > 0;
  }
  /** Whether its inputs count it among their pending readers. */
  set isPendingReader(pending: boolean) {
    this.owned.pendingInputs = pending ? inputsOf(this).map((x) => (x.#weak ??= new WeakRef(x))) : [];
  }

  /** The number of elements. */
  get size(): number {
    return count(this.shape);
  }
  /** The number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** The values, row-major, as the typed array of the dtype (bytes 0 and 1 for bool). Throws LatentError if the device fails or is lost, or if this tensor or one it needs is disposed; rejects with `signal.reason` when `signal` aborts. */
  read(options?: ReadOptions): Promise<Arrays[D]> {
    return this.gpu.read(this, options) as Promise<Arrays[D]>;
  }

  /** The one value of a tensor of size 1, as `read` gives it. */
  item(options?: ReadOptions): Promise<number> {
    return this.gpu.outside(async () => {
      check(this.size === 1, "shape", "item", () => `expected a tensor of one element; got ${show(this.shape)}.`);
      return (await this.read(options))[0]!;
    });
  }

  /** This tensor's own GPUBuffer, row-major; valid until dispose(). Its usages are STORAGE, COPY_SRC, COPY_DST, VERTEX and INDIRECT. */
  buffer(): Promise<GPUBuffer> {
    return this.gpu.buffer(this);
  }

  /**
   * Where the values lie, row-major, offset and size in bytes: for passes of your own. Valid as long as the tensor.
   * Throws LatentError("argument") on one that has not been computed yet (`await gpu.evaluate([x])` does that).
   */
  location(): { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number } {
    const { buffer, offset, bytes } = this.gpu.location(this);
    return { buffer, offset, size: bytes };
  }

  /**
   * Writes over a state, or over a buffer of your own (`gpu.fromBuffer`): at once, before whatever is submitted later. Another
   * tensor's values are copied on the GPU, and the promise resolves when that has been submitted.
   */
  write(values: Values): void;
  write(values: Tensor): Promise<void>;
  write(values: Values | Tensor): void | Promise<void> {
    return this.gpu.put("write", this, values);
  }

  /** A copy with storage of its own, which outlives the next run of the program that made this one. */
  copy(): Promise<Tensor<D>> {
    return this.gpu.copy(this) as Promise<Tensor<D>>;
  }

  /** "Tensor f32 [2, 3]" */
  toString(): string {
    return `Tensor ${this.dtype} ${show(this.shape)}`;
  }
  /** @internal What Node's console prints. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Frees its memory; another use of it throws LatentError("disposed"). */
  dispose(): void {
    this.gpu.dispose_(this);
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The cheap ops as methods; all ops exist as functions, which say what each one does. */
export interface TensorMethods<D extends DType> {
  /** This + other, element by element. */
  add<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** This − other, element by element. */
  sub<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** This · other, element by element. */
  mul<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** This / other, element by element. */
  div(other: TensorOrNumber): Tensor<"f32">;
  /** This to the power of the exponent. */
  pow<B extends DType = never>(exponent: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** What this leaves, divided by other and rounded down. */
  remainder<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** −this. */
  neg(): Tensor<D>;
  /** e to the power of this. */
  exp(): Tensor<"f32">;
  /** The natural logarithm of this. */
  log(): Tensor<"f32">;
  /** e to the power of this, less 1. */
  expm1(): Tensor<"f32">;
  /** The natural logarithm of 1 + this. */
  log1p(): Tensor<"f32">;
  /** The logarithm of this to base 2. */
  log2(): Tensor<"f32">;
  /** The square root of this. */
  sqrt(): Tensor<"f32">;
  /** The nearest whole numbers, halves to even ones. */
  round(): Tensor<"f32">;
  /** The largest whole numbers not above this. */
  floor(): Tensor<"f32">;
  /** The smallest whole numbers not below this. */
  ceil(): Tensor<"f32">;
  /** The error function of this. */
  erf(): Tensor<"f32">;
  /** This · sigmoid(this). */
  silu(): Tensor<"f32">;
  /** The hyperbolic tangent of this. */
  tanh(): Tensor<"f32">;
  /** 1 / (1 + e^−this). */
  sigmoid(): Tensor<"f32">;
  /** max(this, 0). */
  relu(): Tensor<"f32">;
  /** log(1 + e^this). */
  softplus(): Tensor<"f32">;
  /** The sine of this, in radians. */
  sin(): Tensor<"f32">;
  /** The cosine of this, in radians. */
  cos(): Tensor<"f32">;
  /** The tangent of this, in radians. */
  tan(): Tensor<"f32">;
  /** This where it is above 0, else slope · this. */
  leakyRelu(slope?: number): Tensor<"f32">;
  /** This where it is above 0, else alpha · (e^this − 1). */
  elu(alpha?: number): Tensor<"f32">;
  /** This · Φ(this), exact or by tanh. */
  gelu(options?: GeluOptions): Tensor<"f32">;
  /** Whether this is NaN. */
  isNaN(): Tensor<"bool">;
  /** Whether this is neither infinite nor NaN. */
  isFinite(): Tensor<"bool">;
  /** This squared. */
  square(): Tensor<D>;
  /** The size of this, without its sign. */
  abs(): Tensor<D>;
  /** −1, 0 or 1. */
  sign(): Tensor<D>;
  /** The matrix product with other. */
  matmul(other: Tensor): Tensor<"f32">;
  /** The same elements in another shape. */
  reshape(shape: Shape): Tensor<D>;
  /** The axes in another order, by default the last two swapped. */
  transpose(order?: readonly number[]): Tensor<D>;
  /** The sum over the axes, by default over all. */
  sum(axes?: number | readonly number[], options?: ReduceOptions): Tensor<Total<D>>;
  /** The mean over the axes, by default over all. */
  mean(axes?: number | readonly number[], options?: ReduceOptions): Tensor<"f32">;
  /** The same values, through which no gradient flows. */
  detach(): Tensor<D>;
  /** The values as another dtype. */
  cast<T extends DType>(dtype: T): Tensor<T>;
  /** Repeated along axes of size 1, as broadcasting does. */
  expand(shape: Shape): Tensor<D>;
  /** Repeated along its axes. */
  tile(times: number | readonly number[]): Tensor<D>;
  /** Without axes of size 1. */
  squeeze(axes?: number | readonly number[]): Tensor<D>;
  /** With new axes of size 1. */
  unsqueeze(axes: number | readonly number[]): Tensor<D>;
  /** The mean squared deviation over the axes, by default over all. */
  variance(axes?: Axes, options?: VarianceOptions): Tensor<"f32">;
  /** The standard deviation over the axes, by default over all. */
  std(axes?: Axes, options?: VarianceOptions): Tensor<"f32">;
  /** The product over the axes, by default over all. */
  prod(axes?: Axes, options?: ReduceOptions): Tensor<Total<D>>;
  /** The largest element over the axes, by default over all. */
  max(axes?: Axes, options?: ReduceOptions): Tensor<D>;
  /** The smallest element over the axes, by default over all. */
  min(axes?: Axes, options?: ReduceOptions): Tensor<D>;
  /** Where the largest element along the axis is, by default along the last. */
  argmax(axis?: number, options?: ReduceOptions): Tensor<"u32">;
  /** Where the smallest element along the axis is, by default along the last. */
  argmin(axis?: number, options?: ReduceOptions): Tensor<"u32">;
  /** Whether an element over the axes is not 0, by default over all. */
  any(axes?: Axes, options?: ReduceOptions): Tensor<"bool">;
  /** Whether no element over the axes is 0, by default over all. */
  all(axes?: Axes, options?: ReduceOptions): Tensor<"bool">;
}

/** The ops that are methods as well: installMethods adds them all. */
export interface Tensor<D extends DType = DType> extends TensorMethods<D> {}

/** The tensors that `tensor` is computed from. */
export const inputsOf = (tensor: Tensor): readonly Tensor[] => ("inputs" in tensor.source ? tensor.source.inputs : []);
