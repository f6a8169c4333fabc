import { check, checkOptions, show } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import type { Tensor } from "../tensor.ts";
import { byInput, checkWeights, withBias } from "./convolution.ts";
import { checkImages, type Padding, pair, type Pair, sides } from "./window.ts";

/** What convTranspose2d takes. */
export interface ConvTranspose2dOptions {
  /** [out], added to every pixel. */
  readonly bias?: Tensor | undefined;
  /** Elements from one window to the next; 1. */
  readonly stride?: Pair;
  /** Pixels taken off the result's sides: the padding of the convolution that this one transposes. */
  readonly padding?: Padding;
  /** Rows and columns added at the bottom and right, fewer than the stride or the dilation. */
  readonly outputPadding?: Pair;
  /** Elements from one tap to the next; 1. */
  readonly dilation?: Pair;
  /** Groups of channels that are convolved apart; 1. */
  readonly groups?: number;
}

/**
 * Transposed convolution, PyTorch's conv_transpose2d: the gradient of conv2d by its input.
 *
 *     y[n,o,i,j] = bias[o] + Σ_{c,p,q} w[c,o,p,q] · x[n, c, (i + top − p·dilation)/stride, (j + left − q·dilation)/stride]
 *
 * where both quotients are whole. x: [batch, in, height, width], w: [in, out/groups, kh, kw]. Returns [batch, out,
 * (height − 1)·stride − top − bottom + (kh − 1)·dilation + outputPadding + 1, …]. Throws LatentError("shape") or ("argument").
 *
 *     convTranspose2d(x, weight, { stride: 2, padding: 1 }); // [n, out, 2h, 2w]
 */
export function convTranspose2d(x: Tensor, w: Tensor, options: ConvTranspose2dOptions = {}): Tensor<"f32"> {
  checkTensor("convTranspose2d", x);
  const where = "convTranspose2d";
  checkOptions(where, options, ["bias", "stride", "padding", "outputPadding", "dilation", "groups"]);
  checkImages(where, x);
  const groups = checkWeights(where, w, options.groups, "[in, out/groups, kh, kw]");
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [inputs, each, kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  check(
    inputs === channels,
    "shape",
    where,
    () => `channels differ. Expected x with ${inputs} channels (w ${show(w.shape)}); got x ${show(x.shape)}.`,
  );
  check(
    channels % groups === 0,
    "shape",
    where,
    () => `groups do not divide the channels. Expected a multiple of ${groups} input channels; got w ${show(w.shape)}.`,
  );
  const stride = pair(where, "stride", options.stride ?? 1, 1);
  const dilation = pair(where, "dilation", options.dilation ?? 1, 1);
  const extra = pair(where, "outputPadding", options.outputPadding ?? 0, 0);
  check(
    extra.every((n, d) => n < Math.max(stride[d]!, dilation[d]!)),
    "argument",
    where,
    () =>
      `outputPadding out of range. Expected less than the stride ${show(stride)} or the dilation ${show(dilation)}; got ${show(extra)}.`,
  );
  const [top, bottom, left, right] = sides(where, options.padding ?? 0);
  const size = [
    (height - 1) * stride[0] - top - bottom + (kernelHeight - 1) * dilation[0] + extra[0] + 1,
    (width - 1) * stride[1] - left - right + (kernelWidth - 1) * dilation[1] + extra[1] + 1,
  ] as const;
  check(
    size[0] > 0 && size[1] > 0,
    "shape",
    where,
    () =>
      `the padding takes all of the result. Expected at least [1, 1] pixels; got ${show(size)} from x ${show(x.shape)} and w ${show(w.shape)}.`,
  );
  const y = byInput(x, w, {
    batch,
    groups,
    inputChannels: each * groups,
    inputHeight: size[0],
    inputWidth: size[1],
    outputChannels: channels,
    outputHeight: height,
    outputWidth: width,
    kernelHeight,
    kernelWidth,
    strideY: stride[0],
    strideX: stride[1],
    dilationY: dilation[0],
    dilationX: dilation[1],
    padTop: top,
    padLeft: left,
  });
  return withBias(where, y, options.bias);
}
