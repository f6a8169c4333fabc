import { checkOptions } from "../../device/errors.ts";
import { cumsum as launch } from "../../kernels/cumsum.ts";
import type { DType, Total } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { lineAxis, linesOf } from "./argmax.ts";
import { add, mul } from "./arithmetic.ts";
import { summable } from "./cast.ts";
import { embed, part } from "./part.ts";
import type { Combine } from "./sum.ts";

const cumsumOp: KernelOp = {
  name: "cumsum",
  launch: ([x], _outputs, { axis, reverse }) => launch(linesOf(x!.shape, Number(axis)), reverse === true),
};

const sums = (x: Tensor, axis: number, reverse: boolean): Tensor<"f32"> =>
  recordOne(cumsumOp, [x], { shape: x.shape, dtype: "f32" }, { axis, reverse }, ([g]) => [sums(g!, axis, !reverse)]);

/** Running totals: log₂ n times, every element takes up the total 1, 2, 4, … places before it, or `identity` where nothing is. */
function running(x: Tensor, d: number, reverse: boolean, identity: number, combine: Combine): Tensor {
  const n = x.shape[d]!;
  let y = x;
  for (let step = 1; step < n; step *= 2) {
    const shifted = part(y, d, reverse ? step : 0, n - step);
    y = combine(y, reverse ? embed(shifted, d, 0, step, identity) : embed(shifted, d, step, 0, identity));
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
  const values = exclusive ? shiftedBy(summable(x), d, reverse, 0) : summable(x);
  return (x.dtype === "f32" ? sums(values, d, reverse) : running(values, d, reverse, 0, add)) as Tensor<Total<D>>;
}

/** x moved by one place along axis d, away from where the totals begin. */
const shiftedBy = (x: Tensor, d: number, reverse: boolean, identity: number): Tensor =>
  x.size === 0
    ? x
    : embed(part(x, d, Number(reverse), x.shape[d]! - 1), d, Number(!reverse), Number(reverse), identity);

/**
 * Running products along `axis` (the last by default):  y[r] = Π_{s ≤ r} x[s].
 *
 *     cumprod(gpu.tensor([1, 2, 3]))                           // [1, 2, 6]
 *     cumprod(gpu.tensor([1, 2, 3]), 0, { exclusive: true })   // [1, 1, 2]
 *
 * Options as cumsum's. Integers wrap around; of bools the products are i32, of bytes u32. The gradient is right with zeros
 * among the factors, too. Throws LatentError("argument").
 */
export function cumprod<D extends DType>(x: Tensor<D>, axis = -1, options: CumsumOptions = {}): Tensor<Total<D>> {
  const d = lineAxis("cumprod", x, axis);
  checkOptions("cumprod", options, ["reverse", "exclusive"]);
  const { reverse = false, exclusive = false } = options;
  const values = exclusive ? shiftedBy(summable(x), d, reverse, 1) : summable(x);
  return running(values, d, reverse, 1, mul) as Tensor<Total<D>>;
}
