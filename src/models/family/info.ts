import { add, mul, sub } from "../../graph/ops/index.ts";
import { atLeast, defineModel, gaussianParts, kernelOptions, meanDiscrepancy, onePass } from "../latent/index.ts";

/**
 * InfoVAE: the codes of all images together are drawn to the prior, those of each image less.
 *
 *     loss = −reconstruction + (1 − alpha) · kl + (alpha + lambda − 1) · mmd,   mmd = MMD²(codes, draws of the prior)
 *
 * With alpha 0 and lambda 1 it is a VAE; with alpha 1 the divergence is gone (MMD-VAE). Source: Zhao, Song & Ermon 2019.
 *
 *     const model = new InfoVAE(gpu, { image: [1, 28, 28], alpha: 0.5, lambda: 100 });
 */
export const InfoVAE = defineModel({
  name: "InfoVAE",
  options: { alpha: atLeast(0, 0), lambda: atLeast(0, 1000), ...kernelOptions },
  parts: gaussianParts,
  objective(images, parts, { draw }, { alpha, lambda, ...kernel }) {
    const { z, reconstruction, kl } = onePass(images, parts, draw);
    const mmd = meanDiscrepancy(z, parts.prior.sample(z.shape[0]!, draw("prior")), kernel);
    const penalty = add(mul(kl, 1 - alpha), mul(mmd, alpha + lambda - 1));
    return { loss: sub(penalty, reconstruction), reconstruction, kl, mmd };
  },
});
export type InfoVAE = InstanceType<typeof InfoVAE>;
