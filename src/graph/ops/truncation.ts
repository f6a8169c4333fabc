import { check } from "../../device/errors.ts";
import { type DType, isFloat, type Joint, remedy } from "../dtype.ts";
import { checkFloat, recordMap } from "../record.ts";
import type { Tensor, TensorOrNumber } from "../tensor.ts";
import { div, equal, joined, less, mul, neg, notEqual, remainder, sub, where } from "./arithmetic.ts";
import { abs, ceil, floor } from "./elementwise.ts";
import { logicalAnd } from "./logic.ts";
import { sumTo } from "./sum.ts";

/**
 * a without what follows its point. Its gradient is 0.
 *
 *     await trunc(gpu.tensor([1.7, -1.7])).read(); // 1, -1
 */
export function trunc(a: Tensor): Tensor<"f32"> {
  checkFloat("trunc", a);
  return where(less(a, 0), ceil(a), floor(a));
}

/**
 * What a division rounded towards 0 leaves, a − b·trunc(a/b), with the sign of a: PyTorch's and NumPy's fmod, JavaScript's %.
 * By 0: NaN, and 0 for integers. The gradient by a is 1, that by b −trunc(a/b).
 *
 *     await fmod(gpu.tensor([5, -5]), 3).read(); // 2, -2
 *
 * Throws LatentError("argument") or ("shape").
 */
export function fmod<A extends DType = never, B extends DType = never>(
  left: TensorOrNumber<A>,
  right: TensorOrNumber<B>,
): Tensor<Joint<A, B>> {
  const [a, b] = joined("fmod", left as TensorOrNumber, right as TensorOrNumber);
  check(
    a.dtype === b.dtype && a.dtype !== "bool",
    "argument",
    "fmod",
    () => `expected two numbers of one dtype; got ${a.dtype} and ${b.dtype}. ${remedy(a, b)}`,
  );
  const down = isFloat(a.dtype) ? remainder(abs(a), abs(b)) : remainder(a, b);
  if (isFloat(a.dtype))
    return recordMap(
      "fmod",
      "where_",
      [less(a, 0), neg(down), down],
      ([g]) => [sumTo(g!, a.shape), sumTo(neg(mul(g!, trunc(div(a, b)))), b.shape)],
      undefined,
      [a, b],
    ) as Tensor as Tensor<Joint<A, B>>;
  // a remainder has the sign of b
  const differs = logicalAnd(notEqual(down, 0), notEqual(less(a, 0), less(down, 0)));
  return where(differs, sub(down, b), down) as Tensor as Tensor<Joint<A, B>>;
}

/**
 * Whether a is ∞ or −∞. No gradient.
 *
 *     await isInf(gpu.tensor([1, -Infinity, NaN])).read(); // 0, 1, 0
 */
export function isInf(a: Tensor): Tensor<"bool"> {
  checkFloat("isInf", a);
  return equal(abs(a), Number.POSITIVE_INFINITY);
}
