import { sub } from "../../graph/ops/arithmetic.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Terms } from "../../nn/objective.ts";
import { defineModel } from "../latent/define.ts";
import { klOptions, weighted } from "../latent/kl.ts";
import { optimalVariance } from "../latent/likelihood/gaussian.ts";
import { gaussianParts } from "../latent/parts.ts";

/**
 * σ-VAE: a Gaussian VAE whose one variance is the best for the batch, σ² = mean over batch and pixels of (x − x̂)²:
 *
 *     loss = −reconstruction + beta · kl,   reconstruction = −D/2 · (log 2πσ² + 1),   D pixels
 *
 * With `variance: "learned"` it is a parameter instead, which comes to the same at its optimum and makes bounds of single images.
 * Source: Rybkin, Daniilidis & Levine 2021.
 *
 *     const model = new SigmaVAE(gpu, { image: [1, 28, 28] });
 */
export const SigmaVAE = defineModel({
  name: "SigmaVAE",
  options: klOptions,
  standard: { likelihood: "gaussian", variance: "optimal" },
  parts: gaussianParts,
  objective({ x }, { encode, decode, prior }, { draw, step }, options): Terms {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const pixels = decode(z);
    const [reconstruction, kl] = [mean(pixels.logProb(x)), mean(q.klTo(prior, z))];
    const terms = { loss: sub(weighted(kl, q, options, step), reconstruction), reconstruction, kl };
    return options.variance === "optimal" ? { ...terms, variance: optimalVariance(pixels.mean, x) } : terms;
  },
});
export type SigmaVAE = InstanceType<typeof SigmaVAE>;
