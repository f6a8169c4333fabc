import { check, checkOptions } from "../device/errors.ts";
import { conv2d, type Conv2dOptions } from "../graph/ops/conv2d.ts";
import { convTranspose2d, type ConvTranspose2dOptions } from "../graph/ops/convTranspose2d.ts";
import { type Padding, type Pair, pair } from "../graph/ops/window.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { initialiser, type Seed } from "./initialise.ts";
import type { Layer } from "./layer.ts";
import type { Parameters } from "./parameters.ts";

/** What every convolution layer may be asked for. */
interface Common {
  /** Height and width of the kernel, or one number for both; 3. */
  readonly kernel?: Pair;
  /** Elements from one window to the next; 1. */
  readonly stride?: Pair;
  /** Elements from one tap to the next; 1. */
  readonly dilation?: Pair;
  /** Groups of channels that do not meet; 1. */
  readonly groups?: number;
  /** Whether there is one; true. */
  readonly bias?: boolean;
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed?: Seed;
}

/** What a convolution layer may be asked for. */
export interface ConvolutionOptions extends Common {
  /** Zeros around the input, a number, [h, w] or [top, bottom, left, right], or "same"; 0. */
  readonly padding?: Padding | "same";
}

/** What a transposed convolution layer may be asked for. */
export interface TransposedOptions extends Common {
  /** Rows and columns that are cut off the result; 0. */
  readonly padding?: Padding;
  /** Rows and columns added at the end of the result; 0. */
  readonly outputPadding?: Pair;
}

const allowed = ["kernel", "stride", "padding", "dilation", "groups", "bias", "seed"];

/** Checks the sizes of a layer; returns its kernel as [h, w]. */
function checkSizes(where: string, inputs: number, outputs: number, kernel: Pair, groups: number): [number, number] {
  for (const n of [inputs, outputs])
    check(
      Number.isInteger(n) && n > 0,
      "argument",
      where,
      () => `expected channels that are whole and > 0; got ${inputs} and ${outputs}.`,
    );
  check(
    Number.isInteger(groups) && groups > 0 && inputs % groups === 0 && outputs % groups === 0,
    "argument",
    where,
    () => `expected groups that divide ${inputs} and ${outputs} channels; got ${groups}.`,
  );
  return pair(where, "kernel", kernel, 1);
}

/**
 * Convolution of images.  weight: [outputs, inputs / groups, height, width], bias: [outputs].
 *
 *     const layer = new Conv2d(gpu, 1, 32, { kernel: 3, stride: 2, padding: 1 });
 *     const y = layer.forward(x); // [n, 32, h/2, w/2]
 */
export class Conv2d implements Layer {
  /** The weights, a state tensor. */
  readonly weight: Tensor;
  /** The bias, a state tensor; undefined or null without one. */
  readonly bias: Tensor | undefined;
  /** Stride, padding, dilation and groups. */
  readonly window: Omit<Conv2dOptions, "bias">;

  constructor(gpu: Gpu, inputs: number, outputs: number, options: ConvolutionOptions = {}) {
    checkOptions("Conv2d", options, allowed);
    const { kernel = 3, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, seed = 0 } = options;
    const [height, width] = checkSizes("Conv2d", inputs, outputs, kernel, groups);
    const init = initialiser(seed);
    const fanIn = (inputs / groups) * height * width;
    this.weight = init.uniform(gpu, [outputs, inputs / groups, height, width], fanIn);
    this.bias = bias ? init.uniform(gpu, [outputs], fanIn) : undefined;
    this.window = { stride, padding, dilation, groups };
  }

  /** Its parameters by name, as in PyTorch's state_dict. */
  get parameters(): Parameters {
    return { weight: this.weight, ...(this.bias ? { bias: this.bias } : {}) };
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, { bias: this.bias, ...this.window });
  }
}

/**
 * Transposed convolution of images.  weight: [inputs, outputs / groups, height, width], bias: [outputs].
 *
 *     const layer = new ConvTranspose2d(gpu, 32, 1, { kernel: 4, stride: 2, padding: 1 });
 *     const y = layer.forward(x); // [n, 1, 2h, 2w]
 */
export class ConvTranspose2d implements Layer {
  /** The weights, a state tensor. */
  readonly weight: Tensor;
  /** The bias, a state tensor; undefined or null without one. */
  readonly bias: Tensor | undefined;
  /** Stride, padding, dilation and groups. */
  readonly window: Omit<ConvTranspose2dOptions, "bias">;

  constructor(gpu: Gpu, inputs: number, outputs: number, options: TransposedOptions = {}) {
    checkOptions("ConvTranspose2d", options, [...allowed, "outputPadding"]);
    const { kernel = 3, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, seed = 0 } = options;
    const [height, width] = checkSizes("ConvTranspose2d", inputs, outputs, kernel, groups);
    const init = initialiser(seed);
    // PyTorch counts the second axis, [in, out, kh, kw], as the fan-in
    const fanIn = (outputs / groups) * height * width;
    this.weight = init.uniform(gpu, [inputs, outputs / groups, height, width], fanIn);
    this.bias = bias ? init.uniform(gpu, [outputs], fanIn) : undefined;
    this.window = { stride, padding, dilation, groups, outputPadding: options.outputPadding ?? 0 };
  }

  /** Its parameters by name, as in PyTorch's state_dict. */
  get parameters(): Parameters {
    return { weight: this.weight, ...(this.bias ? { bias: this.bias } : {}) };
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, { bias: this.bias, ...this.window });
  }
}
