import { check, show } from "../../device/errors.ts";
import { count, sameShape } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { checkFloat, recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, neg, square, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { exp, expm1, sigmoid } from "./elementwise.ts";
import { reshape } from "./shape.ts";
import { sum } from "./sum.ts";
import { LOG_TWO_PI } from "../logTwoPi.ts";

function alike(where: string, names: string, ...tensors: readonly Tensor[]): void {
  for (const x of tensors) checkFloat(where, x, `${names} as f32 tensors`);
  check(
    tensors.every((t) => sameShape(t.shape, tensors[0]!.shape)),
    "shape",
    where,
    () => `shapes differ. Expected ${names} of one shape; got ${tensors.map((t) => show(t.shape)).join(" and ")}.`,
  );
}

/**
 * Everything but the first axis, summed.
 *
 *     const losses = perSample(x); // [n]
 */
export function perSample(x: Tensor): Tensor<"f32"> {
  checkTensor("perSample", x);
  check(x.rank > 0, "shape", "perSample", () => "expected x [n, …]; got [].");
  return sum(reshape(x, [x.shape[0]!, count(x.shape.slice(1))]), 1) as Tensor<"f32">;
}

/**
 * A draw from N(mean, diag e^logVar) as a function of standard normal noise:  z = μ + e^{ℓ/2}·ε.
 *
 * mean, logVar, noise: one shape, which is the result's. Gradients reach mean and logVar; noise has none.
 *
 *     const z = reparameterise(mu, logVar, random.normal(gpu, mu.shape, { seed: 1 }));
 */
export function reparameterise(mean: Tensor, logVar: Tensor, noise: Tensor): Tensor<"f32"> {
  alike("reparameterise", "mean, logVar and noise", mean, logVar, noise);
  return recordMap("reparameterise", "reparameterise", [mean, logVar, noise], ([g]) => [
    g!,
    mul(g!, mul(mul(exp(mul(logVar, 0.5)), 0.5), noise)),
    null,
  ]);
}

/**
 * Divergence of N(mean, diag e^logVar) from N(0, I), one value per row, in nats.
 *
 *     kl[b] = ½ Σ_d (μ² + e^ℓ − 1 − ℓ)
 *
 * mean, logVar: [batch, dim]. Returns [batch], each ≥ 0, and 0 only at mean = logVar = 0.
 * Throws LatentError("shape") unless both are [batch, dim] of one shape. Source: Kingma & Welling 2014, appendix B.
 *
 *     await kl(gpu.tensor([[1, -0.5]]), gpu.tensor([[0, Math.log(4)]])).read(); // 1.4319
 */
export function kl(mean: Tensor, logVar: Tensor): Tensor<"f32"> {
  for (const x of [mean, logVar]) checkFloat("kl", x, "mean and logVar as f32 tensors");
  check(
    mean.rank === 2 && sameShape(mean.shape, logVar.shape),
    "shape",
    "kl",
    () => `shapes differ. Expected mean and logVar [batch, dim]; got ${show(mean.shape)} and ${show(logVar.shape)}.`,
  );
  const term = recordMap("kl", "kl_term", [mean, logVar], ([g]) => [mul(g!, mean), mul(g!, mul(expm1(logVar), 0.5))]);
  return sum(term, 1);
}

/**
 * log p(x) of independent Bernoullis given their logits, one value per sample, in nats:
 *
 *     −Σ (max(a, 0) − a·x + log(1 + e^{−|a|}))
 *
 * logits, x: [n, …] of one shape. A likelihood only for x in {0, 1}; on grey pixels it is the cross-entropy usually reported as BCE.
 *
 *     const nats = bernoulliLogLikelihood(logits, x); // [n]
 */
export function bernoulliLogLikelihood(logits: Tensor, x: Tensor): Tensor<"f32"> {
  alike("bernoulliLogLikelihood", "logits and x", logits, x);
  return neg(perSample(bernoulliTerm(logits, x)));
}

const bernoulliTerm = (a: Tensor, x: Tensor): Tensor =>
  recordMap("bernoulliLogLikelihood", "bernoulli_term", [a, x], ([g]) => [bernoulliSlope(g!, a, x), neg(mul(g!, a))]);

const bernoulliSlope = (g: Tensor, a: Tensor, x: Tensor): Tensor =>
  recordMap("bernoulliLogLikelihood", "bernoulli_slope", [g, a, x], ([h]) => {
    const s = sigmoid(a);
    return [mul(h!, sub(s, x)), mul(h!, mul(g, mul(s, sub(1, s)))), neg(mul(h!, g))];
  });

/**
 * log p(x) of N(mean, diag e^logVar), one value per sample, in nats:
 *
 *     −Σ ½ (log 2π + ℓ + (x − μ)²·e^{−ℓ})
 *
 * x, mean: [n, …] of one shape; logVar broadcasts to it.
 *
 *     const nats = gaussianLogLikelihood(x, mu, logVar); // [n]
 */
export function gaussianLogLikelihood(x: Tensor, mean: Tensor, logVar: Tensor): Tensor<"f32"> {
  alike("gaussianLogLikelihood", "x and mean", x, mean);
  // e^{−ℓ/2} is finite down to ℓ = −177, and its square is 0 at x = μ
  const scaled = square(mul(sub(cast(x, "f32"), mean), exp(mul(logVar, -0.5))));
  return mul(perSample(add(add(scaled, logVar), LOG_TWO_PI)), -0.5);
}
