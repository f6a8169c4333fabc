import type { DeviceTraits } from "../kernels/launch.ts";
import type { DType, Shape, TypedArray } from "./dtype.ts";
import type { ReadOptions } from "./options.ts";
import type { Storage, Values } from "./storage.ts";

/** What tensors, which are T, need of the layer that runs them (src/program implements it). */
export interface RunnerOf<T> {
  /** @internal */ readonly traits: DeviceTraits;
  /** The GPUDevice underneath. */
  readonly device: GPUDevice;
  /** @internal Called by every new tensor, so that scopes and traces know it. */
  register(tensor: T): void;
  /** @internal A tensor of an op's own making (indices, weights): in GPU memory only while an unrun node or a program needs it. */
  upload(values: TypedArray, shape: Shape, dtype?: DType): T;
  /** @internal Throws if this engine is disposed, or its device lost. */
  checkOpen(where: string): void;
  /** @internal Does `work` outside the open scope, which is open again where the caller goes on. */
  outside<T>(work: () => Promise<T>): Promise<T>;
  /** @internal */ read(tensor: T, options?: ReadOptions): Promise<TypedArray>;
  /** @internal */ buffer(tensor: T): Promise<GPUBuffer>;
  /** @internal */ copy(tensor: T): Promise<T>;
  /** @internal Writes over a state or a borrowed buffer. */
  put(where: string, tensor: T, values: Values | T): Promise<void> | void;
  /** @internal Where the values of a tensor that has been computed lie. */
  location(tensor: T): Storage;
  /** @internal */ dispose_(tensor: T): void;
  /** @internal Records that `state` takes the value `next` at the end of the step being traced. */
  assign(state: T, next: T): void;
}
