import { check, show } from "../../device/errors.ts";
import { add, maximum, minimum, mul, sub } from "../../graph/ops/arithmetic.ts";
import { relu, sigmoid, softplus } from "../../graph/ops/elementwise.ts";
import { part } from "../../graph/ops/part.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { conditionalPrior, perRow, twoLevelPosterior, twoLevelPrior } from "./hierarchy.ts";
import { type Normal, normal } from "./normal.ts";

/**
 * The product of two normals, each weighted by its precision:
 *
 *     ℓ = −log(e^{−ℓ_a} + e^{−ℓ_b}),   m = w·m_a + (1 − w)·m_b,   w = sigmoid(ℓ_b − ℓ_a)
 */
export function merged(a: Normal, b: Normal): Normal {
  const [low, high] = [minimum(a.logVar, b.logVar), maximum(a.logVar, b.logVar)];
  const logVar = sub(low, softplus(sub(low, high)));
  const weight = sigmoid(sub(b.logVar, a.logVar));
  return normal(add(mul(weight, a.mean), mul(sub(1, weight), b.mean)), logVar);
}

/** Networks of a ladder VAE: the last hidden width stands between both levels, the others below the first. */
export function ladderParts(
  build: Builder,
  { levels = [], hidden }: { readonly levels?: readonly number[]; readonly hidden: readonly number[] },
) {
  check(hidden.length > 1, "argument", "hidden", () => `expected two hidden widths or more; got ${show(hidden)}.`);
  const [first, second] = levels as [number, number];
  const [below, between] = [hidden.slice(0, -1), hidden.at(-1)!];
  const encoder = build.encoder("encoder", 0, below);
  const up = build.linear(`encoder.${below.length}`, encoder.features, between);
  const bottomUp = build.normal(encoder.features, first, ["mean1", "log_var1"]);
  const top = build.normal(between, second, ["mean2", "log_var2"]);
  const priorOf = conditionalPrior(build, levels, between);
  /** What the encoder says of z1, and q(z2|x). */
  const both = (x: Tensor) => {
    const features = encoder.forward(x);
    return [bottomUp(features), top(relu(up.forward(features)))] as const;
  };
  const encode = (x: Tensor) => {
    const [q1, q2] = both(x);
    return twoLevelPosterior(q2, (z2) => merged(q1, perRow(z2, priorOf)));
  };
  const decodeFirst = build.decoder(first, below);
  const decode = (z: Tensor) => decodeFirst(part(z, z.rank - 1, 0, first));
  return { both, priorOf, encode, decodeFirst, decode, prior: twoLevelPrior(build, levels, priorOf) };
}
