import { check, checkOptions, show } from "../../device/errors.ts";
import type { Lines } from "../../kernels/argmax.ts";
import { count, scalarOf, type Shape } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { lazy } from "../lazy.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { widened } from "./cast.ts";
import type { ReduceOptions } from "../options.ts";

/** `axis` of `shape` as a kernel walks it. */
export const linesOf = (shape: Shape, axis: number): Lines => ({
  outer: count(shape.slice(0, axis)),
  extent: shape[axis]!,
  inner: count(shape.slice(axis + 1)),
});

/** Checks that x has an axis to walk, and finds it. */
export function lineAxis(where: string, x: Tensor, axis: number): number {
  checkTensor(where, x);
  check(x.rank > 0, "argument", where, () => "expected a tensor with at least one axis; got [].");
  check(typeof axis === "number", "argument", where, () => `expected one axis; got ${show([axis].flat())}.`);
  return axesOf(where, x.rank, axis)[0]!;
}

const kernels = /* @__PURE__ */ lazy(() => import("../../kernels/argmax.ts"));

const argmaxOp: KernelOp = {
  name: "argmax",
  load: kernels.load,
  launch: ([x], _outputs, { axis, smallest }) =>
    kernels.get().argmax(linesOf(x!.shape, Number(axis)), scalarOf(x!.dtype), smallest === true),
};

function place(where: string, x: Tensor, axis: number, options: ReduceOptions, smallest: boolean): Tensor<"u32"> {
  const d = lineAxis(where, x, axis);
  checkOptions(where, options, ["keepDims"]);
  check(x.shape[d]! > 0, "shape", where, () => `expected at least one element along axis ${d}; got ${show(x.shape)}.`);
  // an axis of size 1 in its place does not move the elements
  const shape = options.keepDims ? x.shape.with(d, 1) : x.shape.toSpliced(d, 1);
  return recordOne(argmaxOp, [widened(x)], { shape, dtype: "u32" }, { axis: d, smallest }, null);
}

/**
 * Where the largest element along `axis` (the last by default) is, as u32; the first of equals, NaN above all. No gradient.
 *
 *     argmax(gpu.tensor([[1, 3, 2], [5, 4, 5]]))                        // [1, 0]
 *     argmax(gpu.tensor([[1, 3, 2], [5, 4, 5]]), 0, { keepDims: true }) // [[1, 1, 1]]
 *
 * x: of any dtype. Throws LatentError("argument"), and ("shape") where nothing lies along the axis.
 */
export const argmax = (x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor<"u32"> =>
  place("argmax", x, axis, options, false);

/**
 * Where the smallest element along `axis` (the last by default) is, as u32; the first of equals, NaN below all. No gradient.
 *
 *     argmin(gpu.tensor([[1, 3, 2], [5, 4, 5]]))   // [0, 1]
 *
 * x: of any dtype. Throws LatentError("argument"), and ("shape") where nothing lies along the axis.
 */
export const argmin = (x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor<"u32"> =>
  place("argmin", x, axis, options, true);
