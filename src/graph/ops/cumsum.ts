import { checkOptions } from "../../device/errors.ts";
import { cumsum as launch } from "../../kernels/cumsum.ts";
import type { DType, Total } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { lineAxis, linesOf } from "./argmax.ts";
import { add } from "./arithmetic.ts";
import { summable } from "./cast.ts";
import { embed, part } from "./part.ts";

const cumsumOp: KernelOp = {
  name: "cumsum",
  launch: ([x], _outputs, { axis, reverse }) => launch(linesOf(x!.shape, Number(axis)), reverse === true),
};

const running = (x: Tensor, axis: number, reverse: boolean): Tensor<"f32"> =>
  recordOne(cumsumOp, [x], { shape: x.shape, dtype: "f32" }, { axis, reverse }, ([g]) => [running(g!, axis, !reverse)]);

/** Running sums of integers: log₂ n times, every element takes up the sum 1, 2, 4, … places before it. */
function wholeSums(x: Tensor, d: number, reverse: boolean): Tensor {
  const n = x.shape[d]!;
  let y = x;
  for (let step = 1; step < n; step *= 2) {
    const shifted = part(y, d, reverse ? step : 0, n - step);
    y = add(y, reverse ? embed(shifted, d, 0, step) : embed(shifted, d, step, 0));
  }
  return y;
}

/** What cumsum takes. */
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
 * Integers wrap around; of bools the sums are i32, of bytes u32. Throws LatentError("argument").
 */
export function cumsum<D extends DType>(x: Tensor<D>, axis = -1, options: CumsumOptions = {}): Tensor<Total<D>> {
  const d = lineAxis("cumsum", x, axis);
  checkOptions("cumsum", options, ["reverse", "exclusive"]);
  const { reverse = false, exclusive = false } = options;
  let values: Tensor = summable(x);
  if (exclusive && x.size > 0)
    values = embed(part(values, d, Number(reverse), x.shape[d]! - 1), d, Number(!reverse), Number(reverse));
  return (x.dtype === "f32" ? running(values, d, reverse) : wholeSums(values, d, reverse)) as Tensor<Total<D>>;
}
