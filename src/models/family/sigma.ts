import { sub } from "../../graph/ops/index.ts";
import type { Terms } from "../../nn/objective.ts";
import { defineModel, gaussianParts, klOptions, onePass, optimalVariance, weighted } from "../latent/index.ts";

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
  objective(images, parts, { draw, step }, options): Terms {
    const { q, pixels, reconstruction, kl } = onePass(images, parts, draw);
    const terms = { loss: sub(weighted(kl, [[q]], options, step), reconstruction), reconstruction, kl };
    return options.variance === "optimal" ? { ...terms, variance: optimalVariance(pixels.mean, images.x) } : terms;
  },
});
export type SigmaVAE = InstanceType<typeof SigmaVAE>;
