import { check } from "../../device/errors.ts";
import { type DType, elements, isFloat, type WithNumber } from "../dtype.ts";
import type { MapName, MapResult } from "../maps.ts";
import { checkTensor } from "../operand.ts";
import { constant, recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, maximum, minimum, mul, neg, recordUnary, square, sub } from "./arithmetic.ts";

/** An op of one input; `slope(g, a, y)` is its gradient. */
// @__NO_SIDE_EFFECTS__: bundlers leave out ops that nobody calls
const unary =
  <F extends MapName>(where: string, fn: F, slope: ((g: Tensor, a: Tensor, y: Tensor) => Tensor) | null) =>
  (a: Tensor): Tensor<MapResult<F>> => {
    checkTensor(where, a);
    return recordMap(where, fn, [a], slope && (([g], y) => [slope(g!, a, y)]));
  };

/**
 * e^a.
 *
 *     await exp(gpu.tensor([0, 1])).read(); // 1, 2.7183
 */
export const exp = unary("exp", "exp_", (g, _a, y) => mul(g, y));
/**
 * Natural logarithm; −∞ of 0, NaN below.
 *
 *     await log(gpu.tensor([1, 10])).read(); // 0, 2.3026
 */
export const log = unary("log", "log_", (g, a) => div(g, a));
/**
 * Logarithm to base 2, exact at whole powers of 2.
 *
 *     await log2(gpu.tensor([8, 10])).read(); // 3, 3.3219
 */
export const log2 = unary("log2", "log2_", (g, a) => mul(div(g, a), Math.LOG2E));
/**
 * e^a − 1, accurate near 0.
 *
 *     await expm1(gpu.tensor([0, 1])).read(); // 0, 1.7183
 */
export const expm1 = unary("expm1", "expm1", (g, _a, y) => mul(g, add(y, 1)));
/**
 * log(1 + a), accurate near 0.
 *
 *     await log1p(gpu.tensor([0, 1])).read(); // 0, 0.6931
 */
export const log1p = unary("log1p", "log1p", (g, a) => div(g, add(a, 1)));
/**
 * |a|; that of −2³¹ wraps around.
 *
 *     await abs(gpu.tensor([1, -2])).read(); // 1, 2
 */
export function abs<D extends DType>(a: Tensor<D>): Tensor<D> {
  checkTensor("abs", a);
  return recordUnary("abs", { f32: "abs_", i32: "abs_i32" }, a, ([g]) => [mul(g!, sign(a))]);
}
/**
 * −1, 0 or 1; 0 for NaN. Its gradient is 0.
 *
 *     await sign(gpu.tensor([3, -2])).read(); // 1, -1
 */
export function sign<D extends DType>(a: Tensor<D>): Tensor<D> {
  checkTensor("sign", a);
  if (a.dtype === "u32") return minimum(a as Tensor, 1) as Tensor as Tensor<D>;
  return recordUnary("sign", { f32: "sign_", i32: "sign_i32" }, a, null);
}
/**
 * The nearest whole number, of two equally near ones the even one. Its gradient is 0.
 *
 *     await round(gpu.tensor([1.4, 2.5])).read(); // 1, 2
 */
export const round = unary("round", "round_", null);
/**
 * The largest whole number not above a. Its gradient is 0.
 *
 *     await floor(gpu.tensor([1.5, -1.5])).read(); // 1, -2
 */
export const floor = unary("floor", "floor_", null);
/**
 * The smallest whole number not below a. Its gradient is 0.
 *
 *     await ceil(gpu.tensor([1.5, -1.5])).read(); // 2, -1
 */
export const ceil = unary("ceil", "ceil_", null);
/**
 * The sine of an angle in radians, of any size.
 *
 *     await sin(gpu.tensor([0, 1])).read(); // 0, 0.8415
 */
export const sin = unary("sin", "sin_", (g, a) => mul(g, cos(a)));
/**
 * The cosine of an angle in radians, of any size.
 *
 *     await cos(gpu.tensor([0, 1])).read(); // 1, 0.5403
 */
export const cos = unary("cos", "cos_", (g, a): Tensor => neg(mul(g, sin(a))));
/**
 * The tangent of an angle in radians, of any size.
 *
 *     await tan(gpu.tensor([0, 1])).read(); // 0, 1.5574
 */
export const tan = unary("tan", "tan_", (g, _a, y) => mul(g, add(square(y), 1)));
/**
 * The hyperbolic tangent of x, element by element.
 *
 *     await tanh(gpu.tensor([0, 1])).read(); // 0, 0.7616
 */
export const tanh = unary("tanh", "tanh_", (g, _a, y) => mul(g, sub(1, square(y))));
/**
 * 1 / (1 + e^{−a}).
 *
 *     await sigmoid(gpu.tensor([0, 1])).read(); // 0.5, 0.7311
 */
export const sigmoid = unary("sigmoid", "sigmoid", (g, _a, y) => mul(g, mul(y, sub(1, y))));
/**
 * log(1 + e^a).
 *
 *     await softplus(gpu.tensor([0, 1])).read(); // 0.6931, 1.3133
 */
export const softplus = unary("softplus", "softplus", (g, a) => mul(g, sigmoid(a)));
/**
 * max(a, 0).
 *
 *     await relu(gpu.tensor([1, -2])).read(); // 1, 0
 */
export const relu = unary("relu", "relu", (g, _a, y) => reluSlope(g, y));

// linear in g, and flat in y
const reluSlope = (g: Tensor, y: Tensor): Tensor =>
  recordMap("relu", "relu_slope", [g, y], ([h]) => [reluSlope(h!, y), null]);

/**
 * a where a > 0, else slope · a.
 *
 *     await leakyRelu(gpu.tensor([1, -2]), 0.1).read(); // 1, -0.2
 */
export function leakyRelu(a: Tensor, slope = 0.01): Tensor<"f32"> {
  checkTensor("leakyRelu", a);
  const s = constant(a.gpu, slope);
  const slopeOf = (g: Tensor): Tensor =>
    recordMap("leakyRelu", "leaky_relu_slope", [g, a, s], ([h]) => [slopeOf(h!), null, null]);
  return recordMap("leakyRelu", "leaky_relu", [a, s], ([g]) => [slopeOf(g!), null]);
}

/**
 * a kept within [low, high]; outside, the gradient is 0. `high` everywhere where low is above it, as in PyTorch and NumPy.
 *
 *     await clamp(gpu.tensor([-1, 0.5, 3]), 0, 1).read(); // 0, 0.5, 1
 */
export function clamp<D extends DType>(a: Tensor<D>, low: number, high: number): Tensor<WithNumber<D>> {
  checkTensor("clamp", a);
  check(low <= high || low > high, "argument", "clamp", () => `expected two numbers; got ${low} and ${high}.`);
  if (!isFloat(a.dtype)) {
    elements("clamp", a.dtype, [low, high].filter(Number.isFinite));
    const least = low === -Infinity ? (a as Tensor) : maximum(a as Tensor, low);
    return (high === Infinity ? least : minimum(least, high)) as Tensor as Tensor<WithNumber<D>>;
  }
  const ends = [constant(a.gpu, low), constant(a.gpu, high)];
  const slopeOf = (g: Tensor): Tensor =>
    recordMap("clamp", "clamp_slope", [g, a, ...ends], ([h]) => [slopeOf(h!), null, null, null]);
  const least = constant(a.gpu, Math.min(low, high));
  return recordMap("clamp", "clamp_", [a, least, ends[1]!], ([g]) => [slopeOf(g!), null, null]) as Tensor as Tensor<
    WithNumber<D>
  >;
}

/**
 * Whether a is NaN (tested on its bits). No gradient.
 *
 *     await isNaN(gpu.tensor([1, NaN])).read(); // 0, 1
 */
export const isNaN = unary("isNaN", "nan", null);

/**
 * Whether a is neither infinite nor NaN (tested on its bits). No gradient.
 *
 *     await isFinite(gpu.tensor([1, Infinity])).read(); // 1, 0
 */
export const isFinite = unary("isFinite", "finite", null);
