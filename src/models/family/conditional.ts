import { sub } from "../../graph/ops/index.ts";
import { defineModel, klOptions, labelledParts, onePass, weighted, whole } from "../latent/index.ts";

/**
 * Conditional VAE: p(x|y) = ∫ p(x|z, y) N(z; 0, I) dz for images of known classes, so that samples can be asked for by class.
 *
 *     loss = −log p(x|z, y) + beta · KL(q(z|x, y) ‖ N(0, I))
 *
 * The class stands beside image and code as a row with a single 1 (as constant planes before convolutions). Bounds are of log p(x|y).
 * Source: Sohn, Lee & Yan 2015.
 *
 *     const model = new ConditionalVAE(gpu, { image: [1, 28, 28], classes: 10 });
 *     const sevens = model.sample(8, { labels: new Array(8).fill(7) });
 */
export const ConditionalVAE = defineModel({
  name: "ConditionalVAE",
  options: { classes: whole(1, 10), ...klOptions },
  classes: ({ classes }) => classes,
  parts: (build, { classes }) => labelledParts(build, classes),
  objective(images, parts, { draw, step }, options) {
    const { q, reconstruction, kl } = onePass(images, parts, draw);
    return { loss: sub(weighted(kl, [[q]], options, step), reconstruction), reconstruction, kl };
  },
});
export type ConditionalVAE = InstanceType<typeof ConditionalVAE>;
