import { check, show } from "../../device/errors.ts";
import { cumsum as launch } from "../../kernels/cumsum.ts";
import type { KernelOp } from "../kernelOp.ts";
import { axesOf, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { linesOf } from "./argmax.ts";

const cumsumOp: KernelOp = {
  name: "cumsum",
  launch: ([x], _outputs, { axis, reverse }) => launch(linesOf(x!.shape, Number(axis)), reverse === true),
};

const running = (x: Tensor, axis: number, reverse: boolean): Tensor<"f32"> =>
  recordOne(cumsumOp, [x], { shape: x.shape, dtype: "f32" }, { axis, reverse }, ([g]) => [running(g!, axis, !reverse)]);

/** Running sums along `axis` (the last by default):  y[r] = Σ_{s ≤ r} x[s]. */
export function cumsum(x: Tensor, axis = -1): Tensor<"f32"> {
  check(
    x.dtype === "f32" && x.rank > 0,
    "argument",
    "cumsum",
    () => `expected an f32 tensor with at least one axis; got ${x.dtype} ${show(x.shape)}.`,
  );
  return running(x, axesOf("cumsum", x.rank, axis)[0]!, false);
}
