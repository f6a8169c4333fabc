import { check, checkOptions } from "../device/errors.ts";
import { linear } from "../graph/ops/matmul.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { initialiser, type Seed } from "./initialise.ts";
import type { Layer } from "./layer.ts";
import { type Parameters, rowsOf } from "./parameters.ts";

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

/**
 * Linear layers that read the same input, as one product: their outputs stand side by side. Each head is a layer of its own in
 * files: with heads { mean: 20, log_var: 20 }, `mean.weight` and `log_var.weight` are the rows of one weight.
 *
 *     const heads = new LinearHeads(gpu, 400, { mean: 20, log_var: 20 });
 *     const y = heads.forward(x); // [n, 40]: mean, then log_var
 */
export class LinearHeads implements Layer {
  /** "<head>.weight" and "<head>.bias" for each head. */
  readonly parameters: Parameters;
  readonly #all: Linear;

  constructor(gpu: Gpu, inputs: number, heads: { readonly [name: string]: number }, options: LinearOptions = {}) {
    const all = new Linear(
      gpu,
      inputs,
      Object.values(heads).reduce((total, outputs) => total + outputs, 0),
      options,
    );
    this.#all = all;
    this.parameters = Object.fromEntries(
      Object.entries(all.parameters).flatMap(([kind, base]) => {
        let from = 0;
        return Object.entries(heads).map(([head, outputs]) => {
          from += outputs;
          const part = outputs === base.shape[0] ? base : rowsOf(base, from - outputs, outputs);
          return [`${head}.${kind}`, part] as const;
        });
      }),
    );
  }

  /** The heads of a batch [n, inputs], side by side: [n, Σ outputs]. */
  forward(x: Tensor): Tensor {
    return this.#all.forward(x);
  }
}
