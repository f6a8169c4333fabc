import { check, show } from "../../device/errors.ts";
import { argmax as launch, type Lines } from "../../kernels/argmax.ts";
import { count, type Shape } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { axesOf, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";

/** `axis` of `shape` as a kernel walks it. */
export const linesOf = (shape: Shape, axis: number): Lines => ({
  outer: count(shape.slice(0, axis)),
  extent: shape[axis]!,
  inner: count(shape.slice(axis + 1)),
});

const argmaxOp: KernelOp = {
  name: "argmax",
  launch: ([x], _outputs, { axis }) => launch(linesOf(x!.shape, Number(axis))),
};

/** Where the largest element along `axis` (the last by default) is, as u32; the first of equals, NaN above all. No gradient. */
export function argmax(x: Tensor, axis = -1): Tensor<"u32"> {
  check(
    x.dtype === "f32" && x.rank > 0,
    "argument",
    "argmax",
    () => `expected an f32 tensor with at least one axis; got ${x.dtype} ${show(x.shape)}.`,
  );
  const [d] = axesOf("argmax", x.rank, axis) as [number];
  return recordOne(argmaxOp, [x], { shape: x.shape.toSpliced(d, 1), dtype: "u32" }, { axis: d }, null);
}
