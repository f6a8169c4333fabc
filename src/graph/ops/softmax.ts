import { checkOptions } from "../../device/errors.ts";
import { axesOf, checkFloat, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { detach } from "./detach.ts";
import { exp, isFinite, log } from "./elementwise.ts";
import { reshape } from "./shape.ts";
import { max, sum } from "./sum.ts";
import type { Softmax } from "../../kernels/softmax.ts";
import type { KernelOp } from "../kernelOp.ts";
import { lazy } from "../lazy.ts";
import type { ReduceOptions, Axes } from "../options.ts";
import { registerExtent, rowOp } from "../rows.ts";

const kernels = /* @__PURE__ */ lazy(() => import("../../kernels/softmax.ts"));

const softmaxOp = (name: string, inputs: 1 | 2, entry: Softmax["entry"]): KernelOp =>
  rowOp(name, inputs, kernels.load, (rows, { log, finite }, traits) =>
    kernels.get().softmax(rows, { entry, log: log === true, finite: finite === true }, traits),
  );
const ops = {
  softmax: /* @__PURE__ */ softmaxOp("softmax", 1, "softmax"),
  logsumexp: /* @__PURE__ */ softmaxOp("logsumexp", 1, "logsumexp"),
  gradient: /* @__PURE__ */ softmaxOp("softmaxGradient", 2, "gradient"),
};

/** Softmax of rows of `extent` elements, or its logarithm, in one launch; so is the gradient. */
const ofRows = (x: Tensor, over: readonly number[], extent: number, log: boolean, finite = false): Tensor<"f32"> =>
  recordOne(ops.softmax, [x], { shape: x.shape, dtype: "f32" }, { extent, log, finite }, ([g], y) => [
    slope(y, g!, over, extent, log),
  ]);

/** The gradient of softmax by its result y and that of y:  y · (g − Σ y·g), or g − e^y · Σ g of its logarithm. */
const slope = (y: Tensor, g: Tensor, over: readonly number[], extent: number, log: boolean): Tensor<"f32"> =>
  recordOne(ops.gradient, [y, g], { shape: y.shape, dtype: "f32" }, { extent, log }, ([h]) => {
    const total = (x: Tensor) => sum(x, over, { keepDims: true });
    if (!log)
      return [sub(mul(h!, sub(g, total(mul(y, g)))), mul(g, total(mul(h!, y)))), slope(y, h!, over, extent, log)];
    const e = mul(exp(y), h!);
    return [neg(mul(e, total(g))), sub(h!, total(e))];
  });

/** x, where bools count as 0 and 1. Throws LatentError("argument") on integers. */
function floats(where: string, x: Tensor): Tensor<"f32"> {
  checkFloat(where, x);
  return cast(x, "f32");
}

/**
 * log Σ e^x over `axes` (all by default), with the maximum taken out first, so that nothing overflows.
 *
 *     await logsumexp(gpu.tensor([0, 0])).item(); // 0.6931
 */
export function logsumexp(input: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"f32"> {
  const x = floats("logsumexp", input);
  checkOptions("logsumexp", options, ["keepDims"]);
  const over = axesOf("logsumexp", x.rank, axes);
  // of nothing: log 0
  if (x.size === 0) return log(sum(x, over, options));
  const y = withRows(x, over);
  return options.keepDims
    ? y
    : reshape(
        y,
        x.shape.filter((_, d) => !over.includes(d)),
      );
}

/** log Σ e^x, the axes `over` kept as 1. */
function withRows(x: Tensor, over: readonly number[]): Tensor<"f32"> {
  const extent = registerExtent(x, over);
  if (extent !== null) {
    const shape = x.shape.map((n, d) => (over.includes(d) ? 1 : n));
    // not e^(x − y): the last bit of a large y would be a factor
    return recordOne(ops.logsumexp, [x], { shape, dtype: "f32" }, { extent, finite: true }, ([g]) => [
      mul(ofRows(x, over, extent, false, true), g!),
    ]);
  }
  const largest = detach(max(x, over, { keepDims: true }));
  // ∞ − ∞ is no number
  const level = where(isFinite(largest), largest, 0);
  return add(log(sum(exp(sub(x, level)), over, { keepDims: true })), level);
}

/** x − max x along `over`, the shift that leaves softmax as it is. */
const below = (x: Tensor, over: readonly number[]): Tensor => sub(x, detach(max(x, over, { keepDims: true })));

/**
 * e^x / Σ e^x along `axes` (the last by default).
 *
 *     await softmax(gpu.tensor([0, 0])).read(); // 0.5, 0.5
 */
export function softmax(input: Tensor, axes: Axes = -1): Tensor<"f32"> {
  const x = floats("softmax", input);
  const over = axesOf("softmax", x.rank, axes);
  if (x.size === 0) return exp(x);
  const extent = registerExtent(x, over);
  if (extent !== null) return ofRows(x, over, extent, false);
  const e = exp(below(x, over));
  return div(e, sum(e, over, { keepDims: true }));
}

/**
 * log softmax(x) along `axes` (the last by default), as (x − max x) − log Σ e^(x − max x): small differences of large numbers
 * keep their digits.
 *
 *     await logSoftmax(gpu.tensor([0, 0])).read(); // -0.6931, -0.6931
 */
export function logSoftmax(input: Tensor, axes: Axes = -1): Tensor<"f32"> {
  const x = floats("logSoftmax", input);
  const over = axesOf("logSoftmax", x.rank, axes);
  if (x.size === 0) return exp(x);
  const extent = registerExtent(x, over);
  if (extent !== null) return ofRows(x, over, extent, true);
  const shifted = below(x, over);
  return sub(shifted, log(sum(exp(shifted), over, { keepDims: true })));
}
