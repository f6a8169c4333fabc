import { check, checkOptions, show } from "../device/errors.ts";
import { add, mul, where } from "../graph/ops/arithmetic.ts";
import { isFinite } from "../graph/ops/elementwise.ts";
import { batchNorm, batchStatistics } from "../graph/ops/normalise.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { ForwardOptions, Layer } from "./layer.ts";

/** What a BatchNorm may be asked for. */
export interface BatchNormOptions {
  /** What is added where a division by zero might be. */
  readonly epsilon?: number;
  /** Weight of the newest batch in the running statistics. */
  readonly momentum?: number;
}

/**
 * Batch normalisation over axis 1:  y = weight · (x − μ) / √(σ² + ε) + bias.
 *
 * x: [batch, channels] or [batch, channels, h, w]. In training μ and σ² are the batch's (σ² divides by n), and the running
 * statistics move by `momentum` (their σ² divides by n − 1, as in PyTorch); otherwise the running ones are used.
 * Source: Ioffe & Szegedy 2015.
 *
 *     const norm = new BatchNorm(gpu, 16);
 *     const y = norm.forward(x, { training: true });
 */
export class BatchNorm implements Layer {
  /** Its parameters by name, as in PyTorch's state_dict. */
  readonly parameters: { readonly weight: Tensor; readonly bias: Tensor };
  /** Its further states by name, as in PyTorch's state_dict. */
  readonly buffers: { readonly running_mean: Tensor; readonly running_var: Tensor };
  readonly #channels: number;
  /** What is added where a division by zero might be. */
  readonly epsilon: number;
  readonly #momentum: number;

  constructor(gpu: Gpu, channels: number, options: BatchNormOptions = {}) {
    checkOptions("BatchNorm", options, ["epsilon", "momentum"]);
    const { epsilon = 1e-5, momentum = 0.1 } = options;
    const filled = (value: number) => gpu.state(new Float32Array(channels).fill(value), [channels]);
    this.#channels = channels;
    this.epsilon = epsilon;
    this.#momentum = momentum;
    this.parameters = { weight: filled(1), bias: filled(0) };
    this.buffers = { running_mean: filled(0), running_var: filled(1) };
  }

  /** The layer applied to a batch. */
  forward(x: Tensor, { training = false, update = training }: ForwardOptions = {}): Tensor {
    check(
      x.rank >= 2 && x.shape[1] === this.#channels,
      "shape",
      "BatchNorm",
      () => `expected [batch, ${this.#channels}, …]; got ${show(x.shape)}.`,
    );
    const { weight, bias } = this.parameters;
    const { running_mean: runningMean, running_var: runningVar } = this.buffers;
    const affine = { weight, bias, eps: this.epsilon };
    if (!training) return batchNorm(x, { ...affine, mean: runningMean, variance: runningVar });
    const { mean, variance, samples } = batchStatistics(x);
    check(
      samples > 1,
      "shape",
      "BatchNorm",
      () => `expected more than one value per channel to train on; got ${show(x.shape)}.`,
    );
    if (!update) return batchNorm(x, affine);
    const blend = (state: Tensor, value: Tensor) => {
      const next = add(mul(state, 1 - this.#momentum), mul(value, this.#momentum));
      // a batch that is not finite ends the training, and must not end up here
      x.gpu.assign(state, where(isFinite(next), next, state));
    };
    blend(runningMean, mean);
    blend(runningVar, mul(variance, samples / (samples - 1)));
    return batchNorm(x, affine);
  }
}
