import { check, show } from "../device/errors.ts";
import type { Attributes, KernelOp } from "./kernelOp.ts";
import { type Arrays, count, type DType, type Shape } from "./dtype.ts";
import type { MapName } from "./maps.ts";
import type { TensorMethods } from "./methods.ts";
import type { Provenance } from "./provenance.ts";
import type { Runner, Storage, Values } from "./runner.ts";

/** How a tensor's value comes about. `stored` values exist; all others are recorded and run when they are needed. */
export type Source =
  | { readonly kind: "stored"; readonly storage: Storage; readonly state: boolean }
  | { readonly kind: "input"; readonly position: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "map"; readonly fn: MapName; readonly inputs: readonly Tensor[] }
  | {
      readonly kind: "view";
      readonly inputs: readonly [Tensor];
      readonly offset: number;
      readonly strides: readonly number[];
    }
  | {
      readonly kind: "reduce";
      readonly operation: "sum" | "max" | "min";
      readonly inputs: readonly [Tensor];
      readonly axes: readonly number[];
    }
  | {
      readonly kind: "kernel";
      readonly op: KernelOp;
      readonly inputs: readonly Tensor[];
      readonly attributes: Attributes;
      readonly outputs: readonly Spec[];
    }
  | { readonly kind: "pick"; readonly inputs: readonly [Tensor]; readonly index: number }
  | { readonly kind: "concat"; readonly inputs: readonly Tensor[]; readonly axis: number };

export interface Spec<D extends DType = DType> {
  readonly shape: Shape;
  readonly dtype: D;
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
  /** The engine that it lives on. */
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

  /** The values, row-major, as the typed array of the dtype (bytes 0 and 1 for bool). Throws LatentError if the device fails or is lost, or if this tensor or one it needs is disposed. */
  read(): Promise<Arrays[D]> {
    return this.gpu.read(this) as Promise<Arrays[D]>;
  }

  /** The one value of a tensor of size 1. */
  item(): Promise<number> {
    return this.gpu.outside(async () => {
      check(this.size === 1, "shape", "item", () => `expected a tensor of one element; got ${show(this.shape)}.`);
      return (await this.read())[0]!;
    });
  }

  /** This tensor's own GPUBuffer, row-major; valid until dispose(). */
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

/** The ops that are methods as well: installMethods adds them all. */
export interface Tensor<D extends DType = DType> extends TensorMethods<D> {}

/** The tensors that `tensor` is computed from. */
export const inputsOf = (tensor: Tensor): readonly Tensor[] => ("inputs" in tensor.source ? tensor.source.inputs : []);
