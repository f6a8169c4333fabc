import { check, checkOptions, show } from "../../device/errors.ts";
import { cumsum as launch } from "../../kernels/cumsum.ts";
import type { KernelOp } from "../kernelOp.ts";
import { axesOf, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { linesOf } from "./argmax.ts";
import { embed, part } from "./part.ts";

const cumsumOp: KernelOp = {
  name: "cumsum",
  launch: ([x], _outputs, { axis, reverse }) => launch(linesOf(x!.shape, Number(axis)), reverse === true),
};

const running = (x: Tensor, axis: number, reverse: boolean): Tensor<"f32"> =>
  recordOne(cumsumOp, [x], { shape: x.shape, dtype: "f32" }, { axis, reverse }, ([g]) => [running(g!, axis, !reverse)]);

export interface CumsumOptions {
  /** Sum from the last entry to the first:  y[r] = Σ_{s ≥ r} x[s]. */
  readonly reverse?: boolean;
  /** Leave x[r] itself out of y[r]. */
  readonly exclusive?: boolean;
}

/**
 * Running sums along `axis` (the last by default):  y[r] = Σ_{s ≤ r} x[s].
 *
 *     cumsum(gpu.tensor([1, 2, 3]))                           // [1, 3, 6]
 *     cumsum(gpu.tensor([1, 2, 3]), 0, { reverse: true })     // [6, 5, 3]
 *     cumsum(gpu.tensor([1, 2, 3]), 0, { exclusive: true })   // [0, 1, 3]
 *
 * x: f32 with at least one axis. Throws LatentError("argument").
 */
export function cumsum(x: Tensor, axis = -1, options: CumsumOptions = {}): Tensor<"f32"> {
  checkOptions("cumsum", options, ["reverse", "exclusive"]);
  check(
    x.dtype === "f32" && x.rank > 0,
    "argument",
    "cumsum",
    () => `expected an f32 tensor with at least one axis; got ${x.dtype} ${show(x.shape)}.`,
  );
  const [d] = axesOf("cumsum", x.rank, axis) as [number];
  const { reverse = false, exclusive = false } = options;
  if (!exclusive) return running(x, d, reverse);
  const others = part(x, d, Number(reverse), x.shape[d]! - 1);
  return running(embed(others, d, Number(!reverse), Number(reverse)), d, reverse);
}
