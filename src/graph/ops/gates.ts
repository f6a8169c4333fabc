import { check } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { elu } from "./activation.ts";
import { add, div, mul, neg } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { abs, clamp, softplus, tanh } from "./elementwise.ts";

/**
 * clamp(a/6 + ½, 0, 1), PyTorch's hardsigmoid.
 *
 *     await hardSigmoid(gpu.tensor([-3, 0, 1.5])).read(); // 0, 0.5, 0.75
 */
export function hardSigmoid(a: Tensor): Tensor<"f32"> {
  checkFloat("hardSigmoid", a);
  return div(clamp(add(a, 3), 0, 6), 6);
}

/**
 * a · hardSigmoid(a), PyTorch's hardswish.
 *
 *     await hardSwish(gpu.tensor([-4, 1, 4])).read(); // 0, 0.6667, 4
 */
export function hardSwish(a: Tensor): Tensor<"f32"> {
  checkFloat("hardSwish", a);
  return mul(a as Tensor<"f32">, hardSigmoid(a));
}

/**
 * a · tanh(log(1 + e^a)). Source: Misra 2019.
 *
 *     await mish(gpu.tensor([-1, 1])).read(); // -0.3034, 0.8651
 */
export function mish(a: Tensor): Tensor<"f32"> {
  checkFloat("mish", a);
  return mul(a as Tensor<"f32">, tanh(softplus(a)));
}

/**
 * a where a > 0, else alpha · (e^(a/alpha) − 1): an elu of slope 1 at 0.
 *
 *     await celu(gpu.tensor([-1, 1]), 0.5).read(); // -0.4323, 1
 *
 * Throws LatentError("argument") unless alpha > 0.
 */
export function celu(a: Tensor, alpha = 1): Tensor<"f32"> {
  checkFloat("celu", a);
  check(alpha > 0, "argument", "celu", () => `expected alpha > 0; got ${String(alpha)}.`);
  return mul(elu(div(a, alpha)), alpha) as Tensor<"f32">;
}

/**
 * 1.0507 · elu(a, 1.6733), the elu that keeps mean 0 and variance 1. Source: Klambauer et al. 2017.
 *
 *     await selu(gpu.tensor([-1, 1])).read(); // -1.1113, 1.0507
 */
export function selu(a: Tensor): Tensor<"f32"> {
  checkFloat("selu", a);
  return mul(elu(a, 1.6732632423543772), 1.0507009873554805) as Tensor<"f32">;
}

/**
 * a / (1 + |a|).
 *
 *     await softsign(gpu.tensor([-1, 3])).read(); // -0.5, 0.75
 */
export function softsign(a: Tensor): Tensor<"f32"> {
  checkFloat("softsign", a);
  return div(a, add(abs(a), 1));
}

/**
 * log(1 / (1 + e^−a)), finite down to the lowest float.
 *
 *     await logSigmoid(gpu.tensor([-100, 0])).read(); // -100, -0.6931
 */
export function logSigmoid(a: Tensor): Tensor<"f32"> {
  checkFloat("logSigmoid", a);
  return neg(softplus(neg(cast(a, "f32"))) as Tensor<"f32">);
}
