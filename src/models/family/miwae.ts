import { boundTerms, defineModel, gaussianParts, oneOf, whole } from "../latent/index.ts";

/**
 * Multiply importance-weighted auto-encoder: the mean of several importance-weighted bounds, whose gradient is less noisy than that of
 * one with as many samples in all.
 *
 *     loss = −bound,   bound = mean over `groups` of [log Σ_k w_k − log K],   K = samples
 *
 * Source: Rainforth et al. 2018.
 *
 *     const model = new MIWAE(gpu, { image: [1, 28, 28], groups: 4, samples: 4 });
 */
export const MIWAE = defineModel({
  name: "MIWAE",
  options: { groups: whole(1, 4), samples: whole(1, 4), gradient: oneOf("standard", "stl", "dreg") },
  parts: gaussianParts,
  objective({ x }, { encode, decode, prior }, { draw }, { groups, samples, gradient }) {
    return boundTerms({ q: encode(x), prior, decode }, x, [groups, samples], gradient, draw("z"));
  },
});
export type MIWAE = InstanceType<typeof MIWAE>;
