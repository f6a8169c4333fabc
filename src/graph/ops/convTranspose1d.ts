import { check, checkOptions, show } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { convTranspose2d } from "./convTranspose2d.ts";
import { reshape } from "./shape.ts";

/** What convTranspose1d takes. */
export interface ConvTranspose1dOptions {
  /** [out], added to every position. */
  readonly bias?: Tensor | undefined;
  /** Elements from one window to the next; 1. */
  readonly stride?: number;
  /** Elements taken off both ends of the result, or [before, after]. */
  readonly padding?: number | readonly [before: number, after: number];
  /** Elements added at the end, fewer than the stride or the dilation. */
  readonly outputPadding?: number;
  /** Elements from one tap to the next; 1. */
  readonly dilation?: number;
  /** Groups of channels that are convolved apart; 1. */
  readonly groups?: number;
}

/**
 * Transposed convolution of sequences, PyTorch's conv_transpose1d: the gradient of conv1d by its input.
 *
 *     convTranspose1d(x, w, { stride: 2 })   // [8, 3, 50], [3, 16, 2] → [8, 16, 100]
 *
 * x: [batch, in, length], w: [in, out/groups, k]. Returns [batch, out, (length − 1)·stride − before − after + (k − 1)·dilation +
 * outputPadding + 1]. Throws LatentError("shape") or ("argument").
 */
export function convTranspose1d(x: Tensor, w: Tensor, options: ConvTranspose1dOptions = {}): Tensor<"f32"> {
  const where = "convTranspose1d";
  checkFloat(where, x);
  checkFloat(where, w, "weights w as an f32 tensor");
  checkOptions(where, options, ["bias", "stride", "padding", "outputPadding", "dilation", "groups"]);
  check(
    x.rank === 3 && w.rank === 3,
    "shape",
    where,
    () => `expected x [batch, in, length] and w [in, out/groups, k]; got ${show(x.shape)} and ${show(w.shape)}.`,
  );
  const { bias, stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
  const sides = [padding].flat();
  check(
    sides.length <= 2,
    "argument",
    where,
    () => `padding out of range. Expected an integer ≥ 0 or [before, after]; got ${String(padding)}.`,
  );
  const y = convTranspose2d(reshape(x, x.shape.toSpliced(2, 0, 1)), reshape(w, w.shape.toSpliced(2, 0, 1)), {
    bias,
    stride: [1, stride],
    padding: [0, 0, sides[0]!, sides.at(-1)!],
    outputPadding: [0, outputPadding],
    dilation: [1, dilation],
    groups,
  });
  return reshape(y, y.shape.toSpliced(2, 1));
}
