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
import type { Tensor } from "../tensor.ts";
import { checkImages, fit, pair, type Pair } from "./window.ts";

export interface PoolOptions {
  /** Pixels from one window to the next; by default the windows lie side by side. */
  readonly stride?: Pair;
  /** Pixels around the image, at most half the kernel. */
  readonly padding?: Pair;
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

function windows(where: string, x: Tensor, kernel: Pair, options: PoolOptions): Windows {
  checkOptions(where, options, ["stride", "padding"]);
  checkImages(where, x);
  const size = pair(where, "kernel", kernel, 1);
  const stride = pair(where, "stride", options.stride ?? size, 1);
  const padding = pair(where, "padding", options.padding ?? 0, 0);
  check(
    padding.every((n, d) => 2 * n <= size[d]!),
    "argument",
    where,
    () => `padding out of range. Expected at most half the kernel ${show(size)}; got ${show(padding)}.`,
  );
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = fit(where, x, size, stride, [padding[0], padding[0], padding[1], padding[1]]);
  const pooling: Pooling = {
    planes: batch * channels,
    height,
    width,
    rows,
    columns,
    kernelHeight: size[0],
    kernelWidth: size[1],
    strideY: stride[0],
    strideX: stride[1],
    padTop: padding[0],
    padLeft: padding[1],
  };
  return { input: x.shape, output: [batch, channels, rows, columns], pooling };
}

/**
 * Largest value of each window, PyTorch's max_pool2d.
 *
 *     y[n,c,i,j] = max_{p,q} x[n, c, i·stride + p − padding, j·stride + q − padding]
 *
 * x: [batch, channels, height, width]; what lies in the padding never counts. The gradient goes to the first of equal
 * largest elements. Throws LatentError("shape") or ("argument").
 */
export function maxPool2d(x: Tensor, kernel: Pair, options: PoolOptions = {}): Tensor<"f32"> {
  const w = windows("maxPool2d", x, kernel, options);
  return recordOne(maxOp, [x], { shape: w.output, dtype: "f32" }, { ...w.pooling }, ([g]) => {
    const positions = recordOne(positionOp, [x], { shape: w.output, dtype: "u32" }, { ...w.pooling }, null);
    return [scatter(g!, positions, w)];
  });
}

/** Every y added to the element of its window that the positions name. */
const scatter = (y: Tensor, positions: Tensor, w: Windows): Tensor<"f32"> =>
  recordOne(maxInputOp, [y, positions], { shape: w.input, dtype: "f32" }, { ...w.pooling }, ([g]) => [
    pick(g!, positions, w),
    null,
  ]);

/** The elements of x that the positions name. */
const pick = (x: Tensor, positions: Tensor, w: Windows): Tensor<"f32"> =>
  recordOne(atOp, [x, positions], { shape: w.output, dtype: "f32" }, { ...w.pooling }, ([g]) => [
    scatter(g!, positions, w),
    null,
  ]);

/**
 * Mean of each window, PyTorch's avg_pool2d: zeros in the padding count.
 *
 *     y[n,c,i,j] = (Σ_{p,q} x[n, c, i·stride + p − padding, j·stride + q − padding]) / (kh·kw)
 *
 * x: [batch, channels, height, width]. Throws LatentError("shape") or ("argument").
 */
export function avgPool2d(x: Tensor, kernel: Pair, options: PoolOptions = {}): Tensor<"f32"> {
  return mean(x, windows("avgPool2d", x, kernel, options));
}

const mean = (x: Tensor, w: Windows): Tensor<"f32"> =>
  recordOne(averageOp, [x], { shape: w.output, dtype: "f32" }, { ...w.pooling }, ([g]) => [spread(g!, w)]);

/** Every y shared out evenly over its window. */
const spread = (y: Tensor, w: Windows): Tensor<"f32"> =>
  recordOne(averageInputOp, [y], { shape: w.input, dtype: "f32" }, { ...w.pooling }, ([g]) => [mean(g!, w)]);
