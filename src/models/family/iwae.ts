import { boundTerms, defineModel, gaussianParts, oneOf, whole } from "../latent/index.ts";

/**
 * Importance-weighted auto-encoder: a tighter bound on log p(x) from several codes of each image.
 *
 *     loss = −bound,   bound = mean [log Σ_k w_k − log K],   w = p(x|z) p(z) / q(z|x),   K = samples
 *
 * gradient: "standard", "stl" or "dreg" (`boundTerms`). elbo is the bound of one sample. Source: Burda, Grosse & Salakhutdinov 2016.
 *
 *     const model = new IWAE(gpu, { image: [1, 28, 28], samples: 5, gradient: "dreg" });
 */
export const IWAE = defineModel({
  name: "IWAE",
  options: { samples: whole(1, 5), gradient: oneOf("standard", "stl", "dreg") },
  parts: gaussianParts,
  objective({ x }, { encode, decode, prior }, { draw }, { samples, gradient }) {
    return boundTerms({ q: encode(x), prior, decode }, x, [samples], gradient, draw("z"));
  },
});
export type IWAE = InstanceType<typeof IWAE>;
