import { check, checkOptions, show } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { paddings, type Triple, triple } from "./conv3d.ts";
import { avgPool2d, maxPool2d, type PoolOptions } from "./pool.ts";
import { reshape } from "./shape.ts";

/** What pooling of volumes takes. */
export interface Pool3dOptions {
  /** Voxels from one window to the next; by default the windows lie side by side. */
  readonly stride?: Triple;
  /** Voxels on all sides, of each axis, or [front, back, top, bottom, left, right]; "same" gives ⌈size/stride⌉ windows. */
  readonly padding?: Triple | readonly [number, number, number, number, number, number] | "same";
  /** Voxels from one tap of a window to the next. */
  readonly dilation?: Triple;
  /** Keep a last window that is not whole, as long as it begins within the volume or the padding before it. */
  readonly ceil?: boolean;
}

const allowed = ["stride", "padding", "dilation", "ceil"];
type Pool = (x: Tensor, kernel: readonly [number, number], options: PoolOptions) => Tensor<"f32">;

/** A largest value or a mean of a volume is one of slices, then one along the depth. */
function pooled(where: string, x: Tensor, kernel: Triple, options: Pool3dOptions, pool: Pool): Tensor<"f32"> {
  checkFloat(where, x);
  check(
    x.rank === 5,
    "shape",
    where,
    () => `expected x [batch, channels, depth, height, width]; got ${show(x.shape)}.`,
  );
  const size = triple(where, "kernel", kernel, 1);
  const stride = triple(where, "stride", options.stride ?? size, 1);
  const dilation = triple(where, "dilation", options.dilation ?? 1, 1);
  const { padding = 0, ceil = false } = options;
  const [n, c, depth, height, width] = x.shape as [number, number, number, number, number];
  const [sides, inPlane] = paddings(where, padding, depth, (size[0] - 1) * dilation[0] + 1, stride[0]);
  const slices = pool(reshape(x, [n, c * depth, height, width]), [size[1], size[2]], {
    stride: [stride[1], stride[2]],
    padding: inPlane,
    dilation: [dilation[1], dilation[2]],
    ceil,
  });
  const [rows, columns] = slices.shape.slice(2) as [number, number];
  const y = pool(reshape(slices, [n, c, depth, rows * columns]), [size[0], 1], {
    stride: [stride[0], 1],
    padding: [...sides, 0, 0],
    dilation: [dilation[0], 1],
    ceil,
  });
  return reshape(y, [n, c, y.shape[2]!, rows, columns]);
}

/**
 * Largest value of each window of volumes, PyTorch's max_pool3d; as maxPool2d, without positions.
 *
 *     maxPool3d(x, 2)                             // [n, c, 8, 32, 32] → [n, c, 4, 16, 16]
 *     maxPool3d(x, [1, 3, 3], { padding: [0, 1, 1], stride: 1 })
 *
 * x: [batch, channels, depth, height, width]. Throws LatentError("shape") or ("argument").
 */
export function maxPool3d(x: Tensor, kernel: Triple, options: Pool3dOptions = {}): Tensor<"f32"> {
  checkOptions("maxPool3d", options, allowed);
  return pooled("maxPool3d", x, kernel, options, (y, size, windows) => maxPool2d(y, size, windows));
}

/**
 * Mean of each window of volumes, PyTorch's avg_pool3d; as avgPool2d.
 *
 *     avgPool3d(x, 2)   // [n, c, 8, 32, 32] → [n, c, 4, 16, 16]
 *
 * x: [batch, channels, depth, height, width]. Throws LatentError("shape") or ("argument").
 */
export function avgPool3d(
  x: Tensor,
  kernel: Triple,
  options: Pool3dOptions & { readonly countIncludePad?: boolean } = {},
): Tensor<"f32"> {
  checkOptions("avgPool3d", options, [...allowed, "countIncludePad"]);
  const { countIncludePad = true } = options;
  return pooled("avgPool3d", x, kernel, options, (y, size, windows) =>
    avgPool2d(y, size, { ...windows, countIncludePad }),
  );
}
