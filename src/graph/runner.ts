import type { DeviceTraits } from "../kernels/launch.ts";
import type { DType, Shape, TypedArray } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/** A place in a GPUBuffer. */
export interface Storage {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
  /** Who gets the buffer back when its tensor ends; null for borrowed storage, parts of others, and afterwards. */
  owner: { give(buffer: GPUBuffer): void } | null;
  /** Until the device has said what it thinks of the buffer, or of the run that writes it; then perhaps the refusal. */
  checked?: Promise<unknown>;
  refusal?: Error;
}

/** Numbers (or booleans), or arrays of arrays of them, all of one length at each depth. */
export type Nested = number | boolean | readonly Nested[];
/** What tensors are made of: typed arrays, numbers or arrays of them. */
export type Values = Float32Array | Int32Array | Uint32Array | Uint8Array | Float64Array | Nested;

/** What tensors need of the layer that runs them (src/program implements it). */
export interface Runner {
  /** @internal */ readonly traits: DeviceTraits;
  /** The GPUDevice underneath. */
  readonly device: GPUDevice;
  /** @internal Called by every new tensor, so that scopes and traces know it. */
  register(tensor: Tensor): void;
  /** @internal A tensor of an op's own making (indices, weights): in GPU memory only while an unrun node or a program needs it. */
  upload(values: TypedArray, shape: Shape, dtype?: DType): Tensor;
  /** @internal Throws if this engine is disposed, or its device lost. */
  checkOpen(where: string): void;
  /** @internal Does `work` outside the open scope, which is open again where the caller goes on. */
  outside<T>(work: () => Promise<T>): Promise<T>;
  /** @internal */ read(tensor: Tensor): Promise<TypedArray>;
  /** @internal */ buffer(tensor: Tensor): Promise<GPUBuffer>;
  /** @internal */ copy(tensor: Tensor): Promise<Tensor>;
  /** @internal Writes over a state or a borrowed buffer. */
  put(where: string, tensor: Tensor, values: Values | Tensor): Promise<void> | void;
  /** @internal Where the values of a tensor that has been computed lie. */
  location(tensor: Tensor): Storage;
  /** @internal */ dispose_(tensor: Tensor): void;
  /** @internal Records that `state` takes the value `next` at the end of the step being traced. */
  assign(state: Tensor, next: Tensor): void;
}
