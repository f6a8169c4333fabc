import { check, checkOptions, show } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { conv2d } from "./conv2d.ts";
import { reshape } from "./shape.ts";

/** What conv1d takes. */
export interface Conv1dOptions {
  /** [out], added to every position. */
  readonly bias?: Tensor | undefined;
  /** Elements from one window to the next; 1. */
  readonly stride?: number;
  /** Zeros on both sides, or [before, after]; "same" gives ⌈length/stride⌉ positions, the odd zero at the end. */
  readonly padding?: number | readonly [before: number, after: number] | "same";
  /** Elements from one tap to the next; 1. */
  readonly dilation?: number;
  /** Blocks of channels; each output block sees its own input block only. */
  readonly groups?: number;
}

/**
 * Cross-correlation of sequences with kernels, PyTorch's conv1d.
 *
 *     y[n,o,i] = bias[o] + Σ_{c,p} w[o,c,p] · x[n, c, i·stride + p·dilation − before]
 *
 *     conv1d(x, w, { padding: 1 })   // [8, 3, 100], [16, 3, 3] → [8, 16, 100]
 *
 * x: [batch, in, length], w: [out, in/groups, k]. Returns [batch, out, ⌊(length + before + after − span)/stride⌋ + 1] with
 * span = (k − 1)·dilation + 1; it is conv2d of images of height 1. Throws LatentError("shape") or ("argument").
 */
export function conv1d(x: Tensor, w: Tensor, options: Conv1dOptions = {}): Tensor<"f32"> {
  checkFloat("conv1d", x);
  checkFloat("conv1d", w, "weights w as an f32 tensor");
  checkOptions("conv1d", options, ["bias", "stride", "padding", "dilation", "groups"]);
  check(
    x.rank === 3 && w.rank === 3,
    "shape",
    "conv1d",
    () => `expected x [batch, in, length] and w [out, in/groups, k]; got ${show(x.shape)} and ${show(w.shape)}.`,
  );
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const sides = padding === "same" ? padding : [padding].flat();
  check(
    sides === "same" || sides.length <= 2,
    "argument",
    "conv1d",
    () => `padding out of range. Expected an integer ≥ 0, [before, after] or "same"; got ${String(padding)}.`,
  );
  const y = conv2d(reshape(x, x.shape.toSpliced(2, 0, 1)), reshape(w, w.shape.toSpliced(2, 0, 1)), {
    bias,
    stride: [1, stride],
    padding: sides === "same" ? sides : [0, 0, sides[0]!, sides.at(-1)!],
    dilation: [1, dilation],
    groups,
  });
  return reshape(y, y.shape.toSpliced(2, 1));
}
