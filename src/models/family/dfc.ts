import { add, mul, sub } from "../../graph/ops/index.ts";
import {
  defineModel,
  featureDistance,
  fixedFeatures,
  gaussianParts,
  onePass,
  perceptualOptions,
  weighted,
} from "../latent/index.ts";

/**
 * Deep feature consistent VAE: images are compared by what a fixed network sees in them.
 *
 *     loss = pixelWeight · (−reconstruction) + perceptualWeight · perceptual + beta · kl
 *     perceptual = Σ_l 1/(2 n_l) · E‖Φ_l(x) − Φ_l(x̂)‖²,   x̂ = mean of p(x|z), n_l values of Φ_l
 *
 * features: a function of images to Φ, such as layers of `Digits`; or widths of random layers with ReLU. Source: Hou et al. 2017.
 *
 *     const digits = new Digits(gpu);
 *     const model = new DFCVAE(gpu, { image: [1, 28, 28], features: (x) => [digits.features(x)] });
 */
export const DFCVAE = defineModel({
  name: "DFCVAE",
  options: perceptualOptions,
  parts: (build, { features }) => ({ ...gaussianParts(build), see: fixedFeatures(build, features) }),
  objective(images, parts, { draw, step }, options) {
    const { q, pixels, reconstruction, kl } = onePass(images, parts, draw);
    const perceptual = featureDistance(parts.see(images.x), parts.see(pixels.mean));
    const penalty = add(mul(perceptual, options.perceptualWeight), weighted(kl, [[q]], options, step));
    return { loss: sub(penalty, mul(reconstruction, options.pixelWeight)), reconstruction, kl, perceptual };
  },
});
export type DFCVAE = InstanceType<typeof DFCVAE>;
