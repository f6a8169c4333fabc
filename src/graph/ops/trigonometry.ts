import { checkFloat, constant, recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, greater, less, mul, neg, sqrt, square, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { abs, exp, expm1, log, log1p } from "./elementwise.ts";

const LN2 = Math.LN2;
/** √(1 − a²), without its rounding near |a| = 1. */
const complement = (a: Tensor): Tensor => sqrt(mul(sub(1, a), add(a, 1)));

/**
 * The arcsine in radians, in [−π/2, π/2]; NaN outside [−1, 1].
 *
 *     await asin(gpu.tensor([0, 1])).read(); // 0, 1.5708
 */
export function asin(a: Tensor): Tensor<"f32"> {
  checkFloat("asin", a);
  const root = complement(a);
  return recordMap("asin", "atan2_", [a, root], ([g]) => [div(g!, root)], undefined, [a]);
}

/**
 * The arccosine in radians, in [0, π]; NaN outside [−1, 1].
 *
 *     await acos(gpu.tensor([0, 1])).read(); // 1.5708, 0
 */
export function acos(a: Tensor): Tensor<"f32"> {
  checkFloat("acos", a);
  const root = complement(a);
  return recordMap("acos", "atan2_", [root, a], ([g]) => [neg(div(g!, root))], undefined, [a]);
}

/**
 * The arctangent in radians, in [−π/2, π/2].
 *
 *     await atan(gpu.tensor([0, 1])).read(); // 0, 0.7854
 */
export function atan(a: Tensor): Tensor<"f32"> {
  checkFloat("atan", a);
  const slope = ([g]: readonly (Tensor | null)[]) => [div(g!, add(square(a), 1))];
  return recordMap("atan", "atan2_", [a, constant(a.gpu, 1)], slope, undefined, [a]);
}

/**
 * The hyperbolic sine, (e^a − e^−a)/2, accurate near 0.
 *
 *     await sinh(gpu.tensor([0, 1])).read(); // 0, 1.1752
 */
export function sinh(a: Tensor): Tensor<"f32"> {
  checkFloat("sinh", a);
  // 2·sinh(a/2)·cosh(a/2) does not overflow before the result does
  const half = mul(a, 0.5);
  const twice = sub(expm1(half), expm1(neg(half)));
  const other = mul(add(exp(half), exp(neg(half))), 0.5);
  return recordMap("sinh", "mul", [twice, other], ([g]) => [mul(g!, cosh(a))], undefined, [a]);
}

/**
 * The hyperbolic cosine, (e^a + e^−a)/2.
 *
 *     await cosh(gpu.tensor([0, 1])).read(); // 1, 1.5431
 */
export function cosh(a: Tensor): Tensor<"f32"> {
  checkFloat("cosh", a);
  const [up, down] = [exp(mul(a, 0.5)), exp(mul(a, -0.5))];
  const halves = [mul(mul(up, 0.5), up), mul(mul(down, 0.5), down)];
  return recordMap("cosh", "add", halves, ([g]) => [mul(g!, sinh(a))], undefined, [a]);
}

/**
 * The inverse of sinh, log(a + √(a² + 1)), accurate near 0.
 *
 *     await asinh(gpu.tensor([0, 1])).read(); // 0, 0.8814
 */
export function asinh(a: Tensor): Tensor<"f32"> {
  checkFloat("asinh", a);
  const size = abs(a);
  const near = log1p(add(size, div(square(size), add(sqrt(add(square(size), 1)), 1))));
  // the square of a large number is ∞
  const y = where(greater(size, 2 ** 28), add(log(size), LN2), near);
  const signed = where(less(a, 0), neg(y), y);
  const slope = ([g]: readonly (Tensor | null)[]) => [div(g!, sqrt(add(square(a), 1)))];
  // below 2⁻¹³ the result is a, with the sign of its zero
  return recordMap("asinh", "where_", [less(size, 2 ** -13), a, signed], slope, undefined, [a]);
}

/**
 * The inverse of cosh, log(a + √(a² − 1)); NaN below 1.
 *
 *     await acosh(gpu.tensor([1, 2])).read(); // 0, 1.317
 */
export function acosh(a: Tensor): Tensor<"f32"> {
  checkFloat("acosh", a);
  const above = sub(a, 1);
  const near = log1p(add(above, sqrt(mul(above, add(a, 1)))));
  const y = where(greater(a, 2 ** 28), add(log(a), LN2), near);
  // the root of −0 at −1 is −0
  const slope = ([g]: readonly (Tensor | null)[]) => [div(g!, abs(sqrt(mul(sub(a, 1), add(a, 1)))))];
  return recordMap("acosh", "where_", [less(a, 1), constant(a.gpu, Number.NaN), y], slope, undefined, [a]);
}

/**
 * The inverse of tanh, ½·log((1 + a)/(1 − a)), accurate near 0; ±∞ at ±1, NaN beyond.
 *
 *     await atanh(gpu.tensor([0, 0.5])).read(); // 0, 0.5493
 */
export function atanh(a: Tensor): Tensor<"f32"> {
  checkFloat("atanh", a);
  const twice = sub(log1p(a), log1p(neg(cast(a, "f32"))));
  const slope = ([g]: readonly (Tensor | null)[]) => [div(g!, mul(sub(1, a), add(a, 1)))];
  return recordMap("atanh", "mul", [twice, constant(a.gpu, 0.5)], slope, undefined, [a]);
}
