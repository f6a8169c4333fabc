import { check, checkOptions } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import type { GeluOptions } from "../options.ts";
import { checkFloat, constant, recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, lessEqual, mul, neg, square } from "./arithmetic.ts";
import { exp, sigmoid } from "./elementwise.ts";

/**
 * The error function, 2/√π · ∫₀^a e^{−t²} dt.
 *
 *     await erf(gpu.tensor([0, 1])).read(); // 0, 0.8427
 */
export function erf(a: Tensor): Tensor {
  checkTensor("erf", a);
  return recordMap("erf", "erf_", [a], ([g]) => [mul(g!, mul(exp(neg(square(a))), 2 / Math.sqrt(Math.PI)))]);
}

/** The probability of N(0, 1) below a, to full relative accuracy also where it is small. */
const normalCdf = (a: Tensor): Tensor =>
  recordMap("gelu", "normal_cdf", [a], ([g]) => [mul(g!, mul(exp(mul(square(a), -0.5)), 1 / Math.sqrt(2 * Math.PI)))]);

/**
 * a · Φ(a) with Φ the distribution function of N(0, 1), PyTorch's gelu.
 *
 * Throws LatentError("argument"). Source: Hendrycks & Gimpel 2016.
 *
 *     await gelu(gpu.tensor([-1, 1])).read(); // -0.1587, 0.8413
 */
export function gelu(a: Tensor, options: GeluOptions = {}): Tensor {
  checkTensor("gelu", a);
  checkFloat("gelu", a);
  checkOptions("gelu", options, ["approximate"]);
  const { approximate = "none" } = options;
  check(
    approximate === "none" || approximate === "tanh",
    "argument",
    "gelu",
    () => `unknown approximation. Expected "none" or "tanh"; got ${String(approximate)}.`,
  );
  if (approximate === "none") return mul(a, normalCdf(a));
  // ½ (1 + tanh u) = sigmoid(2u) keeps its digits where it is small
  const inner = mul(a, add(mul(square(a), 0.044715), 1));
  return mul(a, sigmoid(mul(inner, 2 * Math.sqrt(2 / Math.PI))));
}

/**
 * a · sigmoid(a), also called swish.
 *
 *     await silu(gpu.tensor([-1, 1])).read(); // -0.2689, 0.7311
 */
export function silu(a: Tensor): Tensor {
  checkTensor("silu", a);
  checkFloat("silu", a);
  return mul(a, sigmoid(a));
}

/**
 * a where a > 0, else alpha · (e^a − 1).
 *
 *     await elu(gpu.tensor([-1, 1])).read(); // -0.6321, 1
 */
export function elu(a: Tensor, alpha = 1): Tensor {
  checkTensor("elu", a);
  const scale = constant(a.gpu, alpha);
  const slope: Tensor = recordMap("elu", "elu_slope", [a, scale], ([h], y) => [mul(h!, mul(y, lessEqual(a, 0))), null]);
  return recordMap("elu", "elu", [a, scale], ([g]) => [mul(g!, slope), null]);
}
