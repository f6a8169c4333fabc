import type { Tensor } from "../graph/tensor.ts";

/** Tensors by PyTorch's names: a model's state dictionary. Two heads out of one product are two views of one base. */
export interface Parameters {
  readonly [name: string]: Tensor;
}
