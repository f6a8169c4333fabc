import type { DeviceTraits } from "../kernels/launch.ts";
import type { Shape, TypedArray } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/** A place in a GPUBuffer. `owner` frees it; borrowed storage has none. */
export interface Storage {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
  readonly owned: boolean;
}

/** What tensors need of the layer that runs them (src/program implements it). */
export interface Runner {
  /** @internal */ readonly traits: DeviceTraits;
  /** @internal Called by every new tensor, so that scopes and traces know it. */
  register(tensor: Tensor): void;
  /** @internal A tensor of an op's own making (indices, weights): in GPU memory only while an unrun node or a program needs it. */
  upload(values: TypedArray, shape: Shape): Tensor;
  read(tensor: Tensor): Promise<TypedArray>;
  buffer(tensor: Tensor): Promise<GPUBuffer>;
  copy(tensor: Tensor): Promise<Tensor>;
  /** @internal */ dispose_(tensor: Tensor): void;
  /** @internal Records that `state` takes the value `next` at the end of the step being traced. */
  assign(state: Tensor, next: Tensor): void;
}
