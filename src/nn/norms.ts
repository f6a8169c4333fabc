import { check, checkOptions } from "../device/errors.ts";
import type { Shape } from "../graph/dtype.ts";
import { groupNorm, layerNorm } from "../graph/ops/normalise.ts";
import { checkSizes } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Layer } from "./layer.ts";

/** What a layer of statistics within each sample may be asked for. */
export interface NormOptions {
  /** What is added where a division by zero might be; 1e-5. */
  readonly epsilon?: number;
}

const affine = (gpu: Gpu, shape: Shape) => {
  const size = shape.reduce((product, n) => product * n, 1);
  return { weight: gpu.state(new Float32Array(size).fill(1), shape), bias: gpu.state(new Float32Array(size), shape) };
};

/**
 * Layer normalisation over the last axes, those of `shape`:  y = weight · (x − μ) / √(σ² + ε) + bias.  weight, bias: `shape`.
 * Source: Ba, Kiros & Hinton 2016.
 *
 *     const norm = new LayerNorm(gpu, 64); // x [..., 64]
 */
export class LayerNorm implements Layer {
  /** Its parameters by name, as in PyTorch's state_dict. */
  readonly parameters: { readonly weight: Tensor; readonly bias: Tensor };
  readonly #epsilon: number;

  constructor(gpu: Gpu, shape: number | Shape, options: NormOptions = {}) {
    checkOptions("LayerNorm", options, ["epsilon"]);
    const axes = typeof shape === "number" ? [shape] : shape;
    checkSizes("LayerNorm", axes);
    this.#epsilon = options.epsilon ?? 1e-5;
    this.parameters = affine(gpu, axes);
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    const { weight, bias } = this.parameters;
    return layerNorm(x, { weight, bias, eps: this.#epsilon, shape: weight.shape });
  }
}

/**
 * Group normalisation: each sample's channels in `groups` groups, each with its own mean and variance.  weight, bias: [channels].
 * Source: Wu & He 2018.
 *
 *     const norm = new GroupNorm(gpu, 4, 32); // x [n, 32, …]
 */
export class GroupNorm implements Layer {
  /** Its parameters by name, as in PyTorch's state_dict. */
  readonly parameters: { readonly weight: Tensor; readonly bias: Tensor };
  readonly #groups: number;
  readonly #epsilon: number;

  constructor(gpu: Gpu, groups: number, channels: number, options: NormOptions = {}) {
    checkOptions("GroupNorm", options, ["epsilon"]);
    check(
      Number.isInteger(groups) && groups > 0 && Number.isInteger(channels) && channels > 0 && channels % groups === 0,
      "argument",
      "GroupNorm",
      () => `expected groups that divide the channels; got ${groups} and ${channels}.`,
    );
    this.#groups = groups;
    this.#epsilon = options.epsilon ?? 1e-5;
    this.parameters = affine(gpu, [channels]);
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    const { weight, bias } = this.parameters;
    return groupNorm(x, { weight, bias, eps: this.#epsilon, groups: this.#groups });
  }
}
