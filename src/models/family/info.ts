import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { mean } from "../../graph/ops/sum.ts";
import { defineModel } from "../latent/define.ts";
import { kernelOptions, meanDiscrepancy } from "../latent/discrepancy.ts";
import { atLeast } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";

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
  objective({ x }, { encode, decode, prior }, { draw }, { alpha, lambda, ...kernel }) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    const mmd = meanDiscrepancy(z, prior.sample(x.shape[0]!, draw("prior")), kernel);
    const penalty = add(mul(kl, 1 - alpha), mul(mmd, alpha + lambda - 1));
    return { loss: sub(penalty, reconstruction), reconstruction, kl, mmd };
  },
});
export type InfoVAE = InstanceType<typeof InfoVAE>;
