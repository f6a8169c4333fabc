import { check, checkOptions, show } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { conv2d } from "./conv2d.ts";
import { embed, part, stack } from "./part.ts";
import { reshape, transpose } from "./shape.ts";

/** One number for three axes, or one for each. */
export type Triple = number | readonly [depth: number, height: number, width: number];

/** What conv3d takes. */
export interface Conv3dOptions {
  /** [out], added to every voxel. */
  readonly bias?: Tensor | undefined;
  /** Elements from one window to the next; 1. */
  readonly stride?: Triple;
  /** Zeros on all sides, of each axis, or [front, back, top, bottom, left, right]; "same" gives ⌈size/stride⌉ voxels. */
  readonly padding?: Triple | readonly [number, number, number, number, number, number] | "same";
  /** Elements from one tap to the next; 1. */
  readonly dilation?: Triple;
  /** Blocks of channels; each output block sees its own input block only. */
  readonly groups?: number;
}

/** Three values, integers ≥ least. Throws LatentError("argument"). */
export function triple(where: string, name: string, value: Triple, least: number): [number, number, number] {
  const values = typeof value === "number" ? [value, value, value] : value;
  check(
    Array.isArray(values) && values.length === 3 && values.every((n) => Number.isInteger(n) && n >= least),
    "argument",
    where,
    () => `${name} out of range. Expected an integer ≥ ${least} or three of them; got ${JSON.stringify(value)}.`,
  );
  return values as [number, number, number];
}

/**
 * Cross-correlation of volumes with kernels, PyTorch's conv3d.
 *
 *     y[n,o,h,i,j] = bias[o] + Σ_{c,r,p,q} w[o,c,r,p,q] · x[n, c, h·stride + r·dilation − front, i·stride + p·dilation − top, …]
 *
 *     conv3d(x, w, { padding: 1 })   // [2, 3, 8, 32, 32], [16, 3, 3, 3, 3] → [2, 16, 8, 32, 32]
 *
 * x: [batch, in, depth, height, width], w: [out, in/groups, kd, kh, kw]. The slices that a kernel sees become channels of
 * images, and conv2d does the rest: x is copied kd times. Throws LatentError("shape") or ("argument").
 */
export function conv3d(x: Tensor, w: Tensor, options: Conv3dOptions = {}): Tensor<"f32"> {
  checkFloat("conv3d", x);
  checkFloat("conv3d", w, "weights w as an f32 tensor");
  checkOptions("conv3d", options, ["bias", "stride", "padding", "dilation", "groups"]);
  check(
    x.rank === 5 && w.rank === 5,
    "shape",
    "conv3d",
    () =>
      `expected x [batch, in, depth, height, width] and w [out, in/groups, kd, kh, kw]; got ${show(x.shape)} and ${show(w.shape)}.`,
  );
  const { bias, padding = 0, groups = 1 } = options;
  const stride = triple("conv3d", "stride", options.stride ?? 1, 1);
  const dilation = triple("conv3d", "dilation", options.dilation ?? 1, 1);
  const [batch, channels, depth, height, width] = x.shape as [number, number, number, number, number];
  const [out, each, taps, kh, kw] = w.shape as [number, number, number, number, number];
  const span = (taps - 1) * dilation[0] + 1;
  const [sides, inPlane] = paddings("conv3d", padding, depth, span, stride[0]);
  const padded = sides[0] + sides[1] ? embed(x, 2, ...sides) : x;
  const slices = Math.floor((depth + sides[0] + sides[1] - span) / stride[0]) + 1;
  check(
    slices > 0,
    "shape",
    "conv3d",
    () => `the kernel is deeper than the padded input. Expected at most ${padded.shape[2]} slices; got ${span}.`,
  );
  const taken = Array.from({ length: taps }, (_, r) => part(padded, 2, r * dilation[0], slices, stride[0]));
  // [batch, in, kd, slices, height, width] → images of every slice, with the slices seen as channels
  const images = reshape(transpose(stack(taken, 2), [0, 3, 1, 2, 4, 5]), [
    batch * slices,
    channels * taps,
    height,
    width,
  ]);
  const y = conv2d(images, reshape(w, [out, each * taps, kh, kw]), {
    bias,
    stride: [stride[1], stride[2]],
    padding: inPlane,
    dilation: [dilation[1], dilation[2]],
    groups,
  });
  return transpose(reshape(y, [batch, slices, ...y.shape.slice(1)]), [0, 2, 1, 3, 4]);
}

/** The zeros before and behind the volume, and the padding of its images. */
export function paddings(
  where: string,
  padding: NonNullable<Conv3dOptions["padding"]>,
  depth: number,
  span: number,
  stride: number,
): [[number, number], "same" | readonly [number, number, number, number]] {
  if (padding === "same") {
    const total = Math.max(0, (Math.ceil(depth / stride) - 1) * stride + span - depth);
    return [[total >> 1, total - (total >> 1)], "same"];
  }
  if (typeof padding !== "number" && padding.length === 6) {
    const [front, back, ...others] = padding;
    triple(where, "padding", [front, back, 0], 0);
    return [[front, back], others];
  }
  const [d, h, w] = triple(where, "padding", padding as Triple, 0);
  return [
    [d, d],
    [h, h, w, w],
  ];
}
