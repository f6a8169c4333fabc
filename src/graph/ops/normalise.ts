import { check, checkOptions, show } from "../../device/errors.ts";
import type { Normalise } from "../../kernels/normalise.ts";
import { count, sameShape, type Shape } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { lazy } from "../lazy.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, checkFloat, checkShape, recordMap, recordOne } from "../record.ts";
import { registerExtent, rowOp } from "../rows.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sqrt, sub } from "./arithmetic.ts";
import { reshape } from "./shape.ts";
import { deviations, mean, variance } from "./sum.ts";

/** A scale and a shift after a normalisation. */
export interface AffineOptions {
  /** What is multiplied with; 1. */
  readonly weight?: Tensor;
  /** What is added; 0. */
  readonly bias?: Tensor;
  /** Added to the variance; 1e-5. */
  readonly eps?: number;
}

const kernels = /* @__PURE__ */ lazy(() => import("../../kernels/normalise.ts"));

const normaliseOp = (name: string, inputs: 1 | 2, entry: Normalise["entry"]): KernelOp =>
  rowOp(name, inputs, kernels.load, (rows, { centred, eps }, traits) =>
    kernels.get().normalise(rows, { entry, centred: centred === true, eps: Number(eps) }, traits),
  );
const ops = {
  normalise: /* @__PURE__ */ normaliseOp("normalise", 1, "normalise"),
  gradient: /* @__PURE__ */ normaliseOp("normaliseGradient", 2, "gradient"),
};

/** What is done to rows: of so many elements, their mean taken out or not. */
type OfRows = { readonly extent: number; readonly centred: boolean; readonly eps: number };

/** Rows with variance 1, or root mean square 1, in one launch; so is the gradient. */
const ofRows = (x: Tensor, over: readonly number[], how: OfRows): Tensor<"f32"> =>
  recordOne(ops.normalise, [x], { shape: x.shape, dtype: "f32" }, how, ([g], y) => [slope(x, y, g!, over, how)]);

/**
 * The gradient of rows' y by x and that of y:  d(x, g) = r · (g − mean(g) − y · mean(g·y)).
 *
 * It is its own adjoint in g. With h for its own gradient, x gets d(x, −r · (h · mean(g·y) + g · mean(h·y))) through y, and
 * −r·y · mean(h·d) through r.
 */
const slope = (x: Tensor, y: Tensor, g: Tensor, over: readonly number[], how: OfRows): Tensor<"f32"> =>
  recordOne(ops.gradient, [x, g], { shape: x.shape, dtype: "f32" }, how, ([h], d) => {
    const along = (p: Tensor, q: Tensor) => mean(mul(p, q), over, { keepDims: true });
    const square = how.centred ? variance(x, over, { keepDims: true }) : along(x, x);
    const r = div(1, sqrt(add(square, how.eps)));
    const throughY = neg(mul(r, add(mul(h!, along(g, y)), mul(g, along(h!, y)))));
    const throughR = mul(mul(r, y), along(h!, d));
    return [sub(slope(x, y, throughY, over, how), throughR), slope(x, y, h!, over, how)];
  });

/**
 * x with mean 0 and variance 1 over `axes`:  (x − μ) / √(σ² + eps), σ² the mean squared deviation.
 *
 * The gradient takes two more sums:  dx = r · (g − mean(g) − y · mean(g · y)), r = 1/√(σ² + eps).
 *
 *     const y = normalise(x, [1]);
 *
 *     normalise(gpu.tensor([[1, 3], [5, 7]]), 1)   // [[−1, 1], [−1, 1]], within eps
 */
export function normalise(
  x: Tensor,
  axes: number | readonly number[],
  options: { readonly eps?: number } = {},
): Tensor<"f32"> {
  checkFloat("normalise", x);
  checkOptions("normalise", options, ["eps"]);
  const { eps = 1e-5 } = options;
  const over = axesOf("normalise", x.rank, axes);
  check(eps > 0, "argument", "normalise", () => `expected eps > 0; got ${eps}.`);
  const extent = registerExtent(x, over);
  if (extent !== null) return ofRows(x, over, { extent, centred: true, eps });
  const centred = deviations(x, over);
  const inverse = div(1, sqrt(add(variance(x, over, { keepDims: true }), eps)));
  return recordMap(
    "normalise",
    "mul",
    [centred, inverse],
    ([g], y) => {
      const along = mul(y, mean(mul(g!, y), over, { keepDims: true }));
      return [mul(sub(sub(g!, mean(g!, over, { keepDims: true })), along), inverse)];
    },
    undefined,
    [x],
  );
}

/** y · weight + bias, both of `shape` (or none), spread over y as `spread`. */
function affine(
  where: string,
  y: Tensor,
  { weight, bias }: AffineOptions,
  shape: Shape,
  channelShape: Shape,
): Tensor<"f32"> {
  for (const [name, p] of Object.entries({ weight, bias })) if (p) checkShape(where, name, p, shape);
  const scaled = weight ? mul(y, reshape(weight, channelShape)) : y;
  return (bias ? add(scaled, reshape(bias, channelShape)) : scaled) as Tensor<"f32">;
}

/** All axes but that of the channels, and the shape that spreads [channels] over x. */
function channels(where: string, x: Tensor): { over: number[]; channelShape: number[]; size: number } {
  checkTensor(where, x);
  check(x.rank >= 2, "shape", where, () => `expected x [n, channels, …]; got ${show(x.shape)}.`);
  const size = x.shape[1]!;
  return {
    over: x.shape.flatMap((_, d) => (d === 1 ? [] : [d])),
    channelShape: [size, ...x.shape.slice(2).map(() => 1)],
    size,
  };
}

/**
 * Mean and variance (divided by the count) of each channel of a batch: what batchNorm subtracts and divides by in training.
 *
 * x: [n, channels, …]. Returns mean and variance [channels], and `samples`, the elements averaged: the unbiased
 * variance that PyTorch's running statistics want is variance · samples / (samples − 1).
 *
 *     const { mean, variance } = batchStatistics(x);
 *
 *     const { mean, variance, samples } = batchStatistics(x);   // [n, c, h, w] → [c], [c], n·h·w
 */
export function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor; samples: number } {
  const { over, size } = channels("batchStatistics", x);
  return { mean: mean(x, over), variance: variance(x, over), samples: x.size / size };
}

/**
 * Each channel shifted and scaled:  (x − mean) / √(variance + eps) · weight + bias.
 *
 * x: [n, channels, …]; mean, variance, weight, bias: [channels]. With mean and variance (running statistics) this is the
 * form for evaluation; without them the batch's own are taken, the form for training (batchStatistics gives them; a
 * plan computes them once for both). Throws LatentError("argument") if only one of mean and variance is given.
 *
 *     const y = batchNorm(x, { weight, bias });
 *
 *     batchNorm(x, { weight, bias })                                        // in training
 *     batchNorm(x, { mean: running.mean, variance: running.variance, weight, bias })   // afterwards
 */
export function batchNorm(
  x: Tensor,
  options: AffineOptions & { readonly mean?: Tensor; readonly variance?: Tensor } = {},
): Tensor<"f32"> {
  checkOptions("batchNorm", options, ["mean", "variance", "weight", "bias", "eps"]);
  checkFloat("batchNorm", x);
  const { over, channelShape, size } = channels("batchNorm", x);
  const { mean: centre, variance: square, eps = 1e-5 } = options;
  check(
    !centre === !square,
    "argument",
    "batchNorm",
    () => `expected mean and variance, or neither; got ${centre ? "mean" : "variance"} alone.`,
  );
  if (!centre || !square) return affine("batchNorm", normalise(x, over, { eps }), options, [size], channelShape);
  for (const [name, p] of Object.entries({ mean: centre, variance: square })) checkShape("batchNorm", name, p, [size]);
  const inverse = reshape(div(1, sqrt(add(square, eps))), channelShape);
  return affine("batchNorm", mul(sub(x, reshape(centre, channelShape)), inverse), options, [size], channelShape);
}

/**
 * Every sample normalised over its last axes:  (x − μ) / √(σ² + eps) · weight + bias.
 *
 * `shape`: the sizes of those axes (by default the weight's, else the last axis); weight, bias: that shape.
 *
 *     const y = layerNorm(x, { weight, bias });
 *
 *     layerNorm(x, { weight, bias })     // over the last axis
 *     layerNorm(x, { shape: [3, 32] })   // over the last two
 */
export function layerNorm(x: Tensor, options: AffineOptions & { readonly shape?: Shape } = {}): Tensor<"f32"> {
  checkFloat("layerNorm", x);
  checkOptions("layerNorm", options, ["shape", "weight", "bias", "eps"]);
  const { eps = 1e-5, weight, shape = weight?.shape ?? x.shape.slice(-1) } = options;
  const over = lastAxes("layerNorm", x, shape);
  return affine("layerNorm", normalise(x, over, { eps }), options, shape, shape);
}

/**
 * Channels normalised in groups, each sample by itself.
 *
 * x: [n, channels, …]; weight, bias: [channels]. Throws LatentError("shape") unless groups divides channels.
 *
 *     const y = groupNorm(x, { groups: 4 });
 *
 *     groupNorm(x, { groups: 8, weight, bias })   // [n, 32, h, w]: four channels a group
 */
export function groupNorm(
  x: Tensor,
  options: AffineOptions & { readonly groups: number } = {} as never,
): Tensor<"f32"> {
  checkOptions("groupNorm", options, ["groups", "weight", "bias", "eps"]);
  checkFloat("groupNorm", x);
  const { channelShape, size } = channels("groupNorm", x);
  const { groups, eps = 1e-5 } = options;
  check(
    Number.isInteger(groups) && groups > 0 && size % groups === 0,
    "shape",
    "groupNorm",
    () => `expected groups that divide the ${size} channels; got ${groups}.`,
  );
  const grouped = reshape(x, [x.shape[0]!, groups, count(x.shape.slice(1)) / groups]);
  return affine("groupNorm", reshape(normalise(grouped, 2, { eps }), x.shape), options, [size], channelShape);
}

/**
 * Each channel of each sample normalised by itself, PyTorch's instance_norm:  (x − μ) / √(σ² + eps) · weight + bias.
 *
 *     instanceNorm(x, { weight, bias })   // [n, c, h, w] → [n, c, h, w]
 *
 * x: [n, channels, …]; weight, bias: [channels]. Throws LatentError("shape") or ("argument").
 */
export function instanceNorm(x: Tensor, options: AffineOptions = {}): Tensor<"f32"> {
  checkOptions("instanceNorm", options, ["weight", "bias", "eps"]);
  checkFloat("instanceNorm", x);
  const { size } = channels("instanceNorm", x);
  return groupNorm(x, { ...options, groups: size });
}

/** What rmsNorm takes. */
export interface RmsNormOptions {
  /** The sizes of the axes that are normalised together: the weight's by default, else the last axis. */
  readonly shape?: Shape;
  /** What is multiplied with; 1. */
  readonly weight?: Tensor;
  /** Added to the mean square; 2⁻²³, PyTorch's default. */
  readonly eps?: number;
}

/**
 * Every sample divided by its root mean square over its last axes, PyTorch's rms_norm:  x / √(mean x² + eps) · weight.
 *
 *     rmsNorm(x, { weight })         // over the last axis
 *     rmsNorm(x, { shape: [3, 32] }) // over the last two
 *
 * weight: `shape`. Throws LatentError("shape") or ("argument"). Source: Zhang & Sennrich 2019.
 */
export function rmsNorm(x: Tensor, options: RmsNormOptions = {}): Tensor<"f32"> {
  checkFloat("rmsNorm", x);
  checkOptions("rmsNorm", options, ["shape", "weight", "eps"]);
  const { eps = 2 ** -23, weight, shape = weight?.shape ?? x.shape.slice(-1) } = options;
  const over = lastAxes("rmsNorm", x, shape);
  const extent = registerExtent(x, over);
  const scaled =
    extent !== null
      ? ofRows(x, over, { extent, centred: false, eps })
      : mul(x, div(1, sqrt(add(mean(mul(x, x), over, { keepDims: true }), eps))));
  return affine("rmsNorm", scaled, weight ? { weight } : {}, shape, shape);
}

/** The last axes of x, which must have the sizes `shape`. */
function lastAxes(where: string, x: Tensor, shape: Shape): number[] {
  check(
    shape.length > 0 && sameShape(x.shape.slice(-shape.length), shape),
    "shape",
    where,
    () => `expected x [..., ${shape.join(", ")}]; got ${show(x.shape)}.`,
  );
  return shape.map((_, d) => x.rank - shape.length + d);
}
