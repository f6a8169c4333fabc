import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { mean } from "../../graph/ops/sum.ts";
import { defineModel } from "../latent/define.ts";
import { klOptions, weighted } from "../latent/kl.ts";
import { atLeast } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";
import { featureDistance, featuresOption, fixedFeatures } from "../latent/perceptual.ts";

/**
 * Deep feature consistent VAE: images are compared by what a fixed network sees in them.
 *
 *     loss = pixelWeight · (−reconstruction) + perceptualWeight · perceptual + beta · kl
 *     perceptual = Σ_l 1/(2 n_l) · E‖Φ_l(x) − Φ_l(x̂)‖²,   x̂ = mean of p(x|z), n_l values of Φ_l
 *
 * features: a function of images to Φ, such as layers of `Digits`; or widths of random layers with ReLU. Source: Hou et al. 2017.
 *
 *     const model = new DFCVAE(gpu, { image: [1, 28, 28], features: (x) => [digits.features(x)] });
 */
export const DFCVAE = defineModel({
  name: "DFCVAE",
  options: {
    features: featuresOption([256, 64]),
    pixelWeight: atLeast(0, 1),
    perceptualWeight: atLeast(0, 50),
    ...klOptions,
  },
  parts(build, { features }) {
    return { ...gaussianParts(build), see: fixedFeatures(build, features) };
  },
  objective({ x }, { encode, decode, prior, see }, { draw, step }, options) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const pixels = decode(z);
    const [reconstruction, kl] = [mean(pixels.logProb(x)), mean(q.klTo(prior, z))];
    const perceptual = featureDistance(see(x), see(pixels.mean));
    const penalty = add(mul(perceptual, options.perceptualWeight), weighted(kl, q, options, step));
    return { loss: sub(penalty, mul(reconstruction, options.pixelWeight)), reconstruction, kl, perceptual };
  },
});
export type DFCVAE = InstanceType<typeof DFCVAE>;
