import { check, checkOptions } from "../device/errors.ts";
import { linear } from "../graph/ops/matmul.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { initialiser, type Seed } from "./initialise.ts";
import type { Layer } from "./layer.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  readonly seed?: Seed;
}

/** x · weightᵀ + bias.  weight: [outputs, inputs], bias: [outputs]; x: [batch, inputs] → [batch, outputs]. */
export class Linear implements Layer {
  readonly weight: Tensor;
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

  get parameters(): { readonly [name: string]: Tensor } {
    return { weight: this.weight, ...(this.bias ? { bias: this.bias } : {}) };
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
