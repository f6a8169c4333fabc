import { check, checkOptions, show } from "../../device/errors.ts";
import {
  avgPool2d as average,
  avgPool2dInput,
  maxPool2d as largest,
  maxPool2dAt,
  maxPool2dInput,
  maxPool2dPosition,
  type Pooling,
} from "../../kernels/pool.ts";
import type { Launches } from "../../kernels/launch.ts";
import type { KernelOp } from "../kernelOp.ts";
import { recordOne } from "../record.ts";
import { Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { checkImages, windowCounts, pair, type Padding, type Pair, same, sides, spanOf } from "./window.ts";

/** What pooling takes. */
export interface PoolOptions {
  /** Pixels from one window to the next; by default the windows lie side by side. */
  readonly stride?: Pair;
  /** Pixels around the image, less than the kernel spans; "same" gives ⌈size/stride⌉ windows, the odd pixel at the bottom and right. */
  readonly padding?: Padding | "same";
  /** Pixels from one tap of a window to the next. */
  readonly dilation?: Pair;
  /** Keep a last window that is not whole, as long as it begins within the image or the padding before it. */
  readonly ceil?: boolean;
}

/** What average pooling takes. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether the padding counts, as zeros; true by default. */
  readonly countIncludePad?: boolean;
}

/** The largest values, and where each was: row · width + column, as u32. */
export interface Pooled {
  /** The largest elements. */
  readonly values: Tensor<"f32">;
  /** Where each was in its image. */
  readonly positions: Tensor<"u32">;
}

const op = (name: string, launches: (pooling: Pooling) => Launches): KernelOp => ({
  name,
  launch: (_inputs, _outputs, attributes) => launches(attributes as unknown as Pooling),
});
const maxOp = op("maxPool2d", largest);
const positionOp = op("maxPool2dPosition", maxPool2dPosition);
const maxInputOp = op("maxPool2dInput", maxPool2dInput);
const atOp = op("maxPool2dAt", maxPool2dAt);
const averageOp = op("avgPool2d", average);
const averageInputOp = op("avgPool2dInput", avgPool2dInput);

/** The images of one call: their shape, that of their pooled values, and the windows. */
interface Windows {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly pooling: Pooling;
}

const windowOptions = ["stride", "padding", "dilation", "ceil"] as const;

function windows(where: string, x: Tensor, kernel: Pair, options: AvgPoolOptions): Windows {
  checkImages(where, x);
  const size = pair(where, "kernel", kernel, 1);
  const stride = pair(where, "stride", options.stride ?? size, 1);
  const dilation = pair(where, "dilation", options.dilation ?? 1, 1);
  const span = spanOf(size, dilation);
  const padding = options.padding === "same" ? same(x, span, stride) : sides(where, options.padding ?? 0);
  check(
    padding.every((n, k) => n < span[k >> 1]!),
    "argument",
    where,
    () =>
      `padding out of range. Expected less than the ${show(span)} pixels that the kernel spans; got ${show(padding)}.`,
  );
  const [, , height, width] = x.shape as [number, number, number, number];
  const [top, bottom, left, right] = padding;
  const [rows, columns] = options.ceil
    ? [partial(height, top, bottom, span[0], stride[0]), partial(width, left, right, span[1], stride[1])]
    : windowCounts(where, x, span, stride, padding);
  return windowsOf(x, rows, columns, {
    kernelHeight: size[0],
    kernelWidth: size[1],
    strideY: stride[0],
    strideX: stride[1],
    dilationY: dilation[0],
    dilationX: dilation[1],
    padTop: top,
    padLeft: left,
    paddedHeight: height + top + bottom,
    paddedWidth: width + left + right,
    adaptive: false,
    countPadding: options.countIncludePad ?? true,
  });
}

/** rows × columns windows over each plane of x. */
function windowsOf(
  x: Tensor,
  rows: number,
  columns: number,
  window: Omit<Pooling, "planes" | "height" | "width" | "rows" | "columns">,
): Windows {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const pooling = { planes: batch * channels, height, width, rows, columns, ...window };
  return { input: x.shape, output: [batch, channels, rows, columns], pooling };
}

/** How many windows cover an axis, the last not wholly, but beginning before the padding at the end. */
function partial(extent: number, before: number, after: number, span: number, stride: number): number {
  const count = Math.max(0, Math.ceil((extent + before + after - span) / stride)) + 1;
  return (count - 1) * stride >= extent + before ? count - 1 : count;
}

/** rows × columns windows that cover x. */
function adaptive(where: string, x: Tensor, size: Pair): Windows {
  checkImages(where, x);
  const [rows, columns] = pair(where, "size", size, 1);
  const [, , height, width] = x.shape as [number, number, number, number];
  return windowsOf(x, rows, columns, {
    kernelHeight: Math.ceil(height / rows),
    kernelWidth: Math.ceil(width / columns),
    strideY: 1,
    strideX: 1,
    dilationY: 1,
    dilationX: 1,
    padTop: 0,
    padLeft: 0,
    paddedHeight: height,
    paddedWidth: width,
    adaptive: true,
    countPadding: false,
  });
}

/**
 * Largest value of each window, PyTorch's max_pool2d.
 *
 *     y[n,c,i,j] = max_{p,q} x[n, c, i·stride + p·dilation − top, j·stride + q·dilation − left]
 *
 *     maxPool2d(x, 2)                                             // [n, c, 28, 28] → [n, c, 14, 14]
 *     maxPool2d(x, 3, { stride: 2, padding: 1, positions: true }) // { values, positions }
 *
 * x: [batch, channels, height, width], bytes too without `positions`; what lies in the padding never counts, NaN is above all numbers. Returns [batch,
 * channels, ⌊(height + top + bottom − span)/stride⌋ + 1, …], ⌈…⌉ with `ceil`, span = (kernel − 1)·dilation + 1; with `positions`
 * also where each value was in its image: row · width + column. The gradient goes to that element, the first of equals.
 * Throws LatentError("shape") or ("argument").
 */
export function maxPool2d(x: Tensor, kernel: Pair, options: PoolOptions & { readonly positions: true }): Pooled;
export function maxPool2d(
  x: Tensor<"u8">,
  kernel: Pair,
  options?: PoolOptions & { readonly positions?: false },
): Tensor<"u8">;
export function maxPool2d(
  x: Tensor,
  kernel: Pair,
  options?: PoolOptions & { readonly positions?: false },
): Tensor<"f32">;
export function maxPool2d(
  x: Tensor,
  kernel: Pair,
  options: PoolOptions & { readonly positions?: boolean } = {},
): Tensor<"f32" | "u8"> | Pooled {
  checkOptions("maxPool2d", options, [...windowOptions, "positions"]);
  // f32 holds every byte
  if (x instanceof Tensor && x.dtype === "u8" && !options.positions)
    return cast(maxPool2d(cast(x, "f32"), kernel, { ...options, positions: false }), "u8");
  return largestOf(x, windows("maxPool2d", x, kernel, options), options.positions ?? false);
}

/**
 * Largest value of each of size[0] × size[1] windows that cover the image, PyTorch's adaptive_max_pool2d: window i reaches from
 * ⌊i·height/rows⌋ up to ⌈(i + 1)·height/rows⌉.
 *
 *     adaptiveMaxPool2d(x, 1)        // [n, c, h, w] → [n, c, 1, 1]
 *     adaptiveMaxPool2d(x, [7, 5])   // [n, c, h, w] → [n, c, 7, 5]
 *
 * x: [batch, channels, height, width]; positions as for maxPool2d. Throws LatentError("shape") or ("argument").
 */
export function adaptiveMaxPool2d(x: Tensor, size: Pair, options: { readonly positions: true }): Pooled;
export function adaptiveMaxPool2d(x: Tensor, size: Pair, options?: { readonly positions?: false }): Tensor<"f32">;
export function adaptiveMaxPool2d(
  x: Tensor,
  size: Pair,
  options: { readonly positions?: boolean } = {},
): Tensor<"f32"> | Pooled {
  checkOptions("adaptiveMaxPool2d", options, ["positions"]);
  return largestOf(x, adaptive("adaptiveMaxPool2d", x, size), options.positions ?? false);
}

function largestOf(x: Tensor, w: Windows, withPositions: boolean): Tensor<"f32"> | Pooled {
  const positions = () => recordOne(positionOp, [x], { shape: w.output, dtype: "u32" }, { ...w.pooling }, null);
  const values = recordOne(maxOp, [x], { shape: w.output, dtype: "f32" }, { ...w.pooling }, ([g]) => [
    scatter(g!, positions(), w),
  ]);
  return withPositions ? { values, positions: positions() } : values;
}

/** Every y added to the element of its window that the positions name. */
const scatter = (y: Tensor, positions: Tensor, w: Windows): Tensor =>
  recordOne(maxInputOp, [y, positions], { shape: w.input, dtype: "f32" }, { ...w.pooling }, ([g]) => [
    pick(g!, positions, w),
    null,
  ]);

/** The elements of x that the positions name. */
const pick = (x: Tensor, positions: Tensor, w: Windows): Tensor =>
  recordOne(atOp, [x, positions], { shape: w.output, dtype: "f32" }, { ...w.pooling }, ([g]) => [
    scatter(g!, positions, w),
    null,
  ]);

/**
 * Mean of each window, PyTorch's avg_pool2d.
 *
 *     y[n,c,i,j] = (Σ_{p,q} x[n, c, i·stride + p·dilation − top, j·stride + q·dilation − left]) / taps
 *
 *     avgPool2d(x, 2)                                                              // [n, c, 28, 28] → [n, c, 14, 14]
 *     avgPool2d(x, 3, { stride: 1, padding: "same", countIncludePad: false })     // the size stays, edges are means of fewer
 *
 * x: [batch, channels, height, width]. taps counts the kernel's taps within the padded image, or, without `countIncludePad`,
 * within the image. Sizes as for maxPool2d. Throws LatentError("shape") or ("argument").
 */
export function avgPool2d(x: Tensor, kernel: Pair, options: AvgPoolOptions = {}): Tensor<"f32"> {
  checkOptions("avgPool2d", options, [...windowOptions, "countIncludePad"]);
  return mean(x, windows("avgPool2d", x, kernel, options));
}

/**
 * Mean of each of size[0] × size[1] windows that cover the image, PyTorch's adaptive_avg_pool2d; windows as adaptiveMaxPool2d's.
 *
 *     adaptiveAvgPool2d(x, 1)   // [n, c, h, w] → [n, c, 1, 1]
 *
 * x: [batch, channels, height, width]. Throws LatentError("shape") or ("argument").
 */
export const adaptiveAvgPool2d = (x: Tensor, size: Pair): Tensor<"f32"> =>
  mean(x, adaptive("adaptiveAvgPool2d", x, size));

const mean = (x: Tensor, w: Windows): Tensor<"f32"> =>
  recordOne(averageOp, [x], { shape: w.output, dtype: "f32" }, { ...w.pooling }, ([g]) => [scatterAverage(g!, w)]);

/** Every y shared out evenly over its window. */
const scatterAverage = (y: Tensor, w: Windows): Tensor<"f32"> =>
  recordOne(averageInputOp, [y], { shape: w.input, dtype: "f32" }, { ...w.pooling }, ([g]) => [mean(g!, w)]);
