import { check, checkOptions, show } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import type { Tensor } from "../tensor.ts";
import { checkWeights, forward, forwardWithBias } from "./convolution.ts";
import { checkImages, windowCounts, type Padding, pair, type Pair, same, sides, spanOf } from "./window.ts";

/** What conv2d takes. */
export interface Conv2dOptions {
  /** [out], added to every pixel. */
  readonly bias?: Tensor | undefined;
  /** Pixels from one window to the next. */
  readonly stride?: Pair;
  /** Zeros around the input; "same" gives ⌈size/stride⌉ pixels, the odd zero at the bottom and right. */
  readonly padding?: Padding | "same";
  /** Pixels from one tap of the kernel to the next. */
  readonly dilation?: Pair;
  /** Blocks of channels; each output block sees its own input block only. */
  readonly groups?: number;
}

/**
 * Cross-correlation of images with kernels, PyTorch's conv2d.
 *
 *     y[n,o,i,j] = bias[o] + Σ_{c,p,q} w[o,c,p,q] · x[n, c, i·stride + p·dilation − top, j·stride + q·dilation − left]
 *
 * x: [batch, in, height, width], w: [out, in/groups, kh, kw]. Returns [batch, out, ⌊(height + top + bottom − span)/stride⌋ + 1, …]
 * with span = (kh − 1)·dilation + 1. Throws LatentError("shape") or ("argument").
 *
 *     conv2d(x, weight, { stride: 2, padding: 1 }); // [n, out, h/2, w/2]
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor<"f32"> {
  checkTensor("conv2d", x);
  checkOptions("conv2d", options, ["bias", "stride", "padding", "dilation", "groups"]);
  checkImages("conv2d", x);
  const groups = checkWeights("conv2d", w, options.groups, "[out, in/groups, kh, kw]");
  const [batch, inputChannels, inputHeight, inputWidth] = x.shape as [number, number, number, number];
  const [outputChannels, each, kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  check(
    inputChannels === each * groups,
    "shape",
    "conv2d",
    () =>
      `channels differ. Expected x with ${each * groups} channels (w ${show(w.shape)}, ${groups} groups); got x ${show(x.shape)}.`,
  );
  check(
    outputChannels % groups === 0,
    "shape",
    "conv2d",
    () =>
      `groups do not divide the channels. Expected a multiple of ${groups} output channels; got w ${show(w.shape)}.`,
  );
  const stride = pair("conv2d", "stride", options.stride ?? 1, 1);
  const dilation = pair("conv2d", "dilation", options.dilation ?? 1, 1);
  const span = spanOf([kernelHeight, kernelWidth], dilation);
  const padding = options.padding === "same" ? same(x, span, stride) : sides("conv2d", options.padding ?? 0);
  const [outputHeight, outputWidth] = windowCounts("conv2d", x, span, stride, padding);
  const convolution = {
    batch,
    groups,
    inputChannels,
    inputHeight,
    inputWidth,
    outputChannels,
    outputHeight,
    outputWidth,
    kernelHeight,
    kernelWidth,
    strideY: stride[0],
    strideX: stride[1],
    dilationY: dilation[0],
    dilationX: dilation[1],
    padTop: padding[0],
    padLeft: padding[2],
  };
  return options.bias ? forwardWithBias(x, w, options.bias, convolution) : forward(x, w, convolution);
}
