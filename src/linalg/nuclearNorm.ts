import { check, show } from "../device/errors.ts";
import { mul } from "../graph/ops/arithmetic.ts";
import { customGradient } from "../graph/ops/customGradient.ts";
import { reshape } from "../graph/ops/shape.ts";
import { sum } from "../graph/ops/sum.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { polar } from "./polar.ts";

/**
 * The sum of the singular values of matrices a [..., m, n], through their polar factor: tr(unitaryᵀ·a). Returns [...].
 *
 *     ∂a = u · vh,  which is the unitary factor
 *
 * The gradient is the one without directions of zero singular values, where a is of lower rank. Values below 10⁻⁶ of the largest count
 * between 0 and once. Records and returns at once, and costs what `polar` does. Throws LatentError("shape") unless a is a matrix or a
 * stack of them. Source: Watson, Characterization of the subdifferential of some matrix norms, 1992.
 *
 *     await linalg.nuclearNorm(gpu.tensor([[3, 0], [0, -4]])).item(); // 7
 */
export function nuclearNorm(a: Tensor): Tensor {
  const where = "linalg.nuclearNorm";
  checkFloat(where, a);
  check(a.rank >= 2, "shape", where, () => `expected matrices [..., m, n]; got ${show(a.shape)}.`);
  return trace(a);
}

const trace = /* @__PURE__ */ customGradient(
  (a: Tensor) => sum(mul(polar(a).unitary, a), [-2, -1]),
  ([g], [a]) => [mul(reshape(g!, [...a.shape.slice(0, -2), 1, 1]), polar(a).unitary)],
);
