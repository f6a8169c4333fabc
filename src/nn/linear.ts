import { check, checkOptions } from "../device/errors.ts";
import { linear } from "../graph/ops/matmul.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { initialiser, type Seed } from "./initialise.ts";
import type { Layer } from "./layer.ts";

/** What a linear layer may be asked for. */
export interface LinearOptions {
  /** Whether there is one; true. */
  readonly bias?: boolean;
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed?: Seed;
}

/**
 * x · weightᵀ + bias.  weight: [outputs, inputs], bias: [outputs]; x: [batch, inputs] → [batch, outputs].
 *
 *     const layer = new Linear(gpu, 784, 400);
 *     const y = layer.forward(x); // [n, 400]
 */
export class Linear implements Layer {
  /** The weights, a state tensor. */
  readonly weight: Tensor;
  /** The bias, a state tensor; undefined or null without one. */
  readonly bias: Tensor | undefined;

  constructor(gpu: Gpu, inputs: number, outputs: number, options: LinearOptions = {}) {
    checkOptions("Linear", options, ["bias", "seed"]);
    for (const size of [inputs, outputs])
      check(
        Number.isInteger(size) && size > 0,
        "argument",
        "Linear",
        () => `expected sizes that are whole and > 0; got ${inputs} and ${outputs}.`,
      );
    const { bias = true, seed = 0 } = options;
    const init = initialiser(seed);
    this.weight = init.uniform(gpu, [outputs, inputs], inputs);
    this.bias = bias ? init.uniform(gpu, [outputs], inputs) : undefined;
  }

  /** Its parameters by name, as in PyTorch's state_dict. */
  get parameters(): { readonly [name: string]: Tensor } {
    return { weight: this.weight, ...(this.bias ? { bias: this.bias } : {}) };
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
