import { type Draw, drawNormal, keyOf } from "../../data/streams.ts";
import { add, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { clamp, exp } from "../../graph/ops/elementwise.ts";
import { klHeads, sampleHeads, splitHeads } from "../../graph/ops/heads.ts";
import { reparameterise } from "../../graph/ops/likelihood.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Runner, Tensor } from "../../graph/tensor.ts";
import type { Posterior, Prior } from "./distribution.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** log N(z; m, e^ℓ) of each element:  −½ (log 2π + ℓ + (z − m)²·e^{−ℓ}); shapes broadcast. */
export function normalTerms(z: Tensor, m: Tensor, logVar: Tensor): Tensor {
  // e^{−ℓ/2} is finite down to ℓ = −177
  const scaled = square(mul(sub(z, m), exp(mul(logVar, -0.5))));
  return mul(add(add(scaled, logVar), LOG_TWO_PI), -0.5);
}

/** log N(z; m_k, diag e^ℓ_k) of every code for each of K normals: z [..., latent], m and ℓ [K, latent] → [..., K]. */
export function logNormals(z: Tensor, { mean, logVar }: Parts): Tensor {
  const [components, latent] = mean.shape as [number, number];
  const aligned = [...z.shape.slice(0, -1).map(() => 1), components, latent];
  const terms = normalTerms(
    reshape(z, [...z.shape.with(-1, 1), latent]),
    reshape(mean, aligned),
    reshape(logVar, aligned),
  );
  return sum(terms, -1);
}

/** N(0, I) over codes. */
export class StandardNormal implements Prior {
  readonly shape: readonly [number];
  readonly parameters = {};
  readonly #gpu: Runner;

  constructor(gpu: Runner, latent: number) {
    this.#gpu = gpu;
    this.shape = [latent];
  }

  logProb(z: Tensor): Tensor {
    return mul(sum(add(square(z), LOG_TWO_PI), -1), -0.5);
  }

  sample(n: number, draw: Draw): Tensor {
    return drawNormal(this.#gpu, [n, ...this.shape], draw);
  }
}

/** N(mean, diag e^logVar) for each row, with logVar kept within [−20, 20]. */
export interface Normal extends Posterior {
  /** Mean codes, [n, latent]. */
  readonly mean: Tensor<"f32">;
  /** ln σ², [n, latent]. */
  readonly logVar: Tensor<"f32">;
}

/** What posteriors without a closed form say of the divergence: log q(z|x) − log p(z) at a draw. */
export const sampledKl = (q: Pick<Posterior, "logProb">, prior: Prior, z: Tensor): Tensor =>
  sub(q.logProb(z), prior.logProb(z));

/** N(m, e^ℓ) out of heads [n, 2·latent] = [m | ℓ], whose draws and divergence take one map each. */
export function normalOfHeads(heads: Tensor): Normal {
  const { mean, logVar } = splitHeads(heads);
  const several = normal(mean, logVar);
  return {
    ...several,
    sample(draw, draws) {
      if (draws !== undefined) return several.sample(draw, draws);
      return sampleHeads(heads, draw.given ? drawNormal(heads.gpu, mean.shape, draw) : keyOf(draw));
    },
    klTo: (prior, z) => (prior instanceof StandardNormal ? klHeads(heads) : sampledKl(several, prior, z)),
  };
}

/** N(mean, diag e^logVar) for each row; mean, logVar: [..., latent]. */
export function normal(mean: Tensor, given: Tensor): Normal {
  const logVar = clamp(given, -20, 20);
  const logProb = (z: Tensor): Tensor => sum(normalTerms(z, mean, logVar), -1);
  return {
    mean: mean as Normal["mean"],
    logVar: logVar as Normal["logVar"],
    takesNormal: true,
    logProb,
    sample(draw, draws) {
      const shape = [...[draws ?? []].flat(), ...mean.shape];
      return reparameterise(expand(mean, shape), expand(logVar, shape), drawNormal(mean.gpu, shape, draw));
    },
    klTo: (prior, z) =>
      prior instanceof StandardNormal ? klOfNormals({ mean, logVar }) : sampledKl({ logProb }, prior, z),
  };
}

/**
 * KL(N(m, e^ℓ) ‖ N(m', e^{ℓ'})) of each row, in nats; from N(0, I) without a second.
 *
 *     ½ Σ_d (ℓ' − ℓ + (e^ℓ + (m − m')²)·e^{−ℓ'} − 1)
 */
export const klOfNormals = (q: Parts, p?: Parts): Tensor => mul(sum(latentTerms(q, p), -1), 0.5);

/** The same for each latent, [..., latent]. */
export const latentKl = (q: Parts, p?: Parts): Tensor => mul(latentTerms(q, p), 0.5);

function latentTerms({ mean: m, logVar: l }: Parts, p?: Parts): Tensor {
  if (!p) return sub(add(square(m), exp(l)), add(l, 1));
  const scaled = add(exp(sub(l, p.logVar)), square(mul(sub(m, p.mean), exp(mul(p.logVar, -0.5)))));
  return sub(add(sub(p.logVar, l), scaled), 1);
}

interface Parts {
  readonly mean: Tensor;
  readonly logVar: Tensor;
}
