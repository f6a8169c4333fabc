import { sub } from "../../graph/ops/index.ts";
import { above, defineModel, gaussianParts, klOptions, onePass, weighted } from "../latent/index.ts";

/**
 * A VAE whose pixels err by a log-cosh law, quadratic near 0 and linear far away:
 *
 *     loss = −reconstruction + beta · kl,   reconstruction = −Σ (log cosh(alpha·(x − x̂))/alpha + log Z)
 *
 * Source: Chen et al., log hyperbolic cosine loss improves variational auto-encoder, 2018.
 *
 *     const model = new LogCoshVAE(gpu, { image: [1, 28, 28], alpha: 10 });
 */
export const LogCoshVAE = defineModel({
  name: "LogCoshVAE",
  options: { alpha: above(0, 10), ...klOptions },
  standard: { likelihood: "logCosh" },
  parts: gaussianParts,
  objective(images, parts, { draw, step }, options) {
    const { q, reconstruction, kl } = onePass(images, parts, draw);
    return { loss: sub(weighted(kl, [[q]], options, step), reconstruction), reconstruction, kl };
  },
});
export type LogCoshVAE = InstanceType<typeof LogCoshVAE>;
