import { check, checkOptions } from "../device/errors.ts";
import { conv2d } from "../graph/ops/conv2d.ts";
import { convTranspose2d } from "../graph/ops/convTranspose2d.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { initialiser, type Seed } from "./initialise.ts";
import type { Layer } from "./layer.ts";

/** What a convolution layer may be asked for. */
export interface ConvolutionOptions {
  /** Side of the square kernel; 3. */
  readonly kernel?: number;
  /** Elements from one window to the next; 1. */
  readonly stride?: number;
  /** Zeros around the input; 0. */
  readonly padding?: number;
  /** Whether there is one; true. */
  readonly bias?: boolean;
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed?: Seed;
}

const known = ["kernel", "stride", "padding", "bias", "seed"];

function checkChannels(where: string, ...channels: readonly number[]): void {
  for (const n of channels)
    check(
      Number.isInteger(n) && n > 0,
      "argument",
      where,
      () => `expected channels that are whole and > 0; got ${channels.join(" and ")}.`,
    );
}

/**
 * Convolution of images.  weight: [outputs, inputs, kernel, kernel], bias: [outputs].
 *
 *     const layer = new Conv2d(gpu, 1, 32, { kernel: 3, stride: 2, padding: 1 });
 *     const y = layer.forward(x); // [n, 32, h/2, w/2]
 */
export class Conv2d implements Layer {
  /** The weights, a state tensor. */
  readonly weight: Tensor;
  /** The bias, a state tensor; undefined or null without one. */
  readonly bias: Tensor | undefined;
  readonly #window: { readonly stride: number; readonly padding: number };

  constructor(gpu: Gpu, inputs: number, outputs: number, options: ConvolutionOptions = {}) {
    checkOptions("Conv2d", options, known);
    checkChannels("Conv2d", inputs, outputs);
    const { kernel = 3, stride = 1, padding = 0, bias = true, seed = 0 } = options;
    const init = initialiser(seed);
    const fanIn = inputs * kernel * kernel;
    this.weight = init.uniform(gpu, [outputs, inputs, kernel, kernel], fanIn);
    this.bias = bias ? init.uniform(gpu, [outputs], fanIn) : undefined;
    this.#window = { stride, padding };
  }

  /** Its parameters by name, as in PyTorch's state_dict. */
  get parameters(): { readonly [name: string]: Tensor } {
    return { weight: this.weight, ...(this.bias ? { bias: this.bias } : {}) };
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, { bias: this.bias, ...this.#window });
  }
}

/**
 * Transposed convolution of images.  weight: [inputs, outputs, kernel, kernel], bias: [outputs].
 *
 *     const layer = new ConvTranspose2d(gpu, 32, 1, { kernel: 4, stride: 2, padding: 1 });
 *     const y = layer.forward(x); // [n, 1, 2h, 2w]
 */
export class ConvTranspose2d implements Layer {
  /** The weights, a state tensor. */
  readonly weight: Tensor;
  /** The bias, a state tensor; undefined or null without one. */
  readonly bias: Tensor | undefined;
  readonly #window: { readonly stride: number; readonly padding: number; readonly outputPadding: number };

  constructor(
    gpu: Gpu,
    inputs: number,
    outputs: number,
    options: ConvolutionOptions & { readonly outputPadding?: number } = {},
  ) {
    checkOptions("ConvTranspose2d", options, [...known, "outputPadding"]);
    checkChannels("ConvTranspose2d", inputs, outputs);
    const { kernel = 3, stride = 1, padding = 0, outputPadding = 0, bias = true, seed = 0 } = options;
    const init = initialiser(seed);
    // PyTorch counts the second axis, [in, out, kh, kw], as the fan-in
    const fanIn = outputs * kernel * kernel;
    this.weight = init.uniform(gpu, [inputs, outputs, kernel, kernel], fanIn);
    this.bias = bias ? init.uniform(gpu, [outputs], fanIn) : undefined;
    this.#window = { stride, padding, outputPadding };
  }

  /** Its parameters by name, as in PyTorch's state_dict. */
  get parameters(): { readonly [name: string]: Tensor } {
    return { weight: this.weight, ...(this.bias ? { bias: this.bias } : {}) };
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, { bias: this.bias, ...this.#window });
  }
}
