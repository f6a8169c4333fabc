import { equal, maximum, minimum, mul, sqrt, where } from "./arithmetic.ts";
import type { DType, Total } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { cast, summable } from "./cast.ts";
import { fold, reduced, variance } from "./sum.ts";
import type { Axes, ReduceOptions, VarianceOptions } from "../options.ts";

/**
 * Product over `axes` (all by default); 1 of nothing.
 *
 *     prod(gpu.tensor([[1, 2], [3, 4]]), 0)   // [3, 8]
 *
 * Integers wrap around; of bools the product is i32, of bytes u32. A tree of products, so that the gradient, the product of the
 * others, is right with zeros among them, and of any order. Throws LatentError("argument").
 */
export function prod<D extends DType>(x: Tensor<D>, axes?: Axes, options: ReduceOptions = {}): Tensor<Total<D>> {
  const how = reduced("prod", x, axes, options);
  const values = summable(x);
  return fold(values, how, 1, mul) as Tensor as Tensor<Total<D>>;
}

/**
 * Whether some element is true (not 0; NaN is true) over `axes` (all by default); false of nothing. x: of any dtype.
 *
 *     any(less(x, 0), 1)   // the rows with a negative element
 */
export function any(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"bool"> {
  const how = reduced("any", x, axes, options);
  return fold(cast(x, "bool"), how, 0, maximum) as Tensor<"bool">;
}

/**
 * Whether all elements are true (not 0; NaN is true) over `axes` (all by default); true of nothing. x: of any dtype.
 *
 *     all(isFinite(x))
 */
export function all(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<"bool"> {
  const how = reduced("all", x, axes, options);
  return fold(cast(x, "bool"), how, 1, minimum) as Tensor<"bool">;
}

/**
 * Standard deviation over `axes` (all by default), √variance; divides by n − ddof, 0 unless given (PyTorch's correction is 1).
 * The gradient is 0 where the deviation is. Throws LatentError("shape") where there are at most ddof elements.
 *
 *     await std(gpu.tensor([1, 2, 3]), 0, { ddof: 1 }).item(); // 1
 */
export function std(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor<"f32"> {
  reduced("std", x, axes, options, "ddof");
  const square = variance(x, axes, options);
  const isFlat = equal(square, 0);
  return where(isFlat, 0, sqrt(where(isFlat, 1, square)));
}
