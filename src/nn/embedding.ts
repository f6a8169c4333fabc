import { check, checkOptions } from "../device/errors.ts";
import { embedding } from "../graph/ops/gather.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { initialiser, type Seed } from "./initialise.ts";
import type { Layer } from "./layer.ts";

/**
 * A row of numbers for each class.  weight: [classes, dim], N(0, 1) at first, as in PyTorch; x: indices [...] → [..., dim].
 *
 *     const layer = new Embedding(gpu, 10, 16);
 *     const y = layer.forward(gpu.tensor(Uint32Array.of(3, 1))); // [2, 16]
 */
export class Embedding implements Layer {
  /** Its parameters by name, as in PyTorch's state_dict. */
  readonly parameters: { readonly weight: Tensor };

  constructor(gpu: Gpu, classes: number, dim: number, options: { readonly seed?: Seed } = {}) {
    checkOptions("Embedding", options, ["seed"]);
    for (const size of [classes, dim])
      check(
        Number.isInteger(size) && size > 0,
        "argument",
        "Embedding",
        () => `expected sizes that are whole and > 0; got ${classes} and ${dim}.`,
      );
    this.parameters = { weight: initialiser(options.seed ?? 0).normal(gpu, [classes, dim]) };
  }

  /** The rows of indices. */
  forward(x: Tensor): Tensor {
    return embedding(this.parameters.weight, x);
  }
}
