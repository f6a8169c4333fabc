import { check, checkOptions, show } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { avgPool2d, maxPool2d, type Pooled } from "./pool.ts";
import { reshape } from "./shape.ts";

/** What pooling of sequences takes. */
export interface Pool1dOptions {
  /** Elements from one window to the next; by default the windows lie side by side. */
  readonly stride?: number;
  /** Elements on both sides, or [before, after], less than the kernel spans; "same" gives ⌈length/stride⌉ windows. */
  readonly padding?: number | readonly [before: number, after: number] | "same";
  /** Elements from one tap of a window to the next. */
  readonly dilation?: number;
  /** Keep a last window that is not whole, as long as it begins within the sequence or the padding before it. */
  readonly ceil?: boolean;
}

const allowed = ["stride", "padding", "dilation", "ceil"];

/** x as images of height 1, and what pools them. */
function flat(where: string, x: Tensor, kernel: number, options: Pool1dOptions) {
  checkFloat(where, x);
  check(x.rank === 3, "shape", where, () => `expected x [batch, channels, length]; got ${show(x.shape)}.`);
  const { stride = kernel, padding = 0, dilation = 1, ceil = false } = options;
  const sides = padding === "same" ? padding : [padding].flat();
  check(
    Number.isInteger(kernel) && kernel > 0 && (sides === "same" || sides.length <= 2),
    "argument",
    where,
    () =>
      `expected a whole kernel > 0, and padding as an integer ≥ 0, [before, after] or "same"; got ${String(kernel)} and ${String(padding)}.`,
  );
  const windows = {
    stride: [1, stride] as const,
    padding: sides === "same" ? sides : ([0, 0, sides[0]!, sides.at(-1)!] as const),
    dilation: [1, dilation] as const,
    ceil,
  };
  return { images: reshape(x, x.shape.toSpliced(2, 0, 1)), size: [1, kernel] as const, windows };
}

const line = <T extends Tensor>(y: T): T => reshape(y as Tensor, y.shape.toSpliced(2, 1)) as T;

/**
 * Largest value of each window of sequences, PyTorch's max_pool1d; as maxPool2d, `positions` count along the sequence.
 *
 *     maxPool1d(x, 2)                             // [n, c, 100] → [n, c, 50]
 *     maxPool1d(x, 3, { stride: 1, padding: 1 })  // the length stays
 *
 * x: [batch, channels, length]. Throws LatentError("shape") or ("argument").
 */
export function maxPool1d(x: Tensor, kernel: number, options: Pool1dOptions & { readonly positions: true }): Pooled;
export function maxPool1d(
  x: Tensor,
  kernel: number,
  options?: Pool1dOptions & { readonly positions?: false },
): Tensor<"f32">;
export function maxPool1d(
  x: Tensor,
  kernel: number,
  options: Pool1dOptions & { readonly positions?: boolean } = {},
): Tensor<"f32"> | Pooled {
  checkOptions("maxPool1d", options, [...allowed, "positions"]);
  const { images, size, windows } = flat("maxPool1d", x, kernel, options);
  if (!options.positions) return line(maxPool2d(images, size, windows));
  const { values, positions } = maxPool2d(images, size, { ...windows, positions: true });
  return { values: line(values), positions: line(positions) };
}

/**
 * Mean of each window of sequences, PyTorch's avg_pool1d; as avgPool2d.
 *
 *     avgPool1d(x, 2)                                                     // [n, c, 100] → [n, c, 50]
 *     avgPool1d(x, 3, { stride: 1, padding: 1, countIncludePad: false })  // edges are means of two
 *
 * x: [batch, channels, length]. Throws LatentError("shape") or ("argument").
 */
export function avgPool1d(
  x: Tensor,
  kernel: number,
  options: Pool1dOptions & { readonly countIncludePad?: boolean } = {},
): Tensor<"f32"> {
  checkOptions("avgPool1d", options, [...allowed, "countIncludePad"]);
  const { images, size, windows } = flat("avgPool1d", x, kernel, options);
  return line(avgPool2d(images, size, { ...windows, countIncludePad: options.countIncludePad ?? true }));
}
