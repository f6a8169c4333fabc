import { uniforms } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { count } from "../../graph/dtype.ts";
import { reshape, sub } from "../../graph/ops/index.ts";
import { defineModel, gaussianParts, onePass, vampPrior, warmupOptions, weighted, whole } from "../latent/index.ts";

/**
 * VAE with the VampPrior, a mixture of the posteriors of learnt images u_k = sigmoid(pseudo_inputs):
 *
 *     loss = −reconstruction + beta · kl,   kl = log q(z|x) − log 1/K Σ_k q(z|u_k) at one draw,   K = components
 *
 * The encoder gets gradients from both. Source: Tomczak & Welling 2018.
 *
 *     const model = new VampVAE(gpu, { image: [1, 28, 28], components: 300 });
 */
export const VampVAE = defineModel({
  name: "VampVAE",
  options: { components: whole(1, 300), ...warmupOptions },
  parts(build, { components, latent, image, seed }) {
    const parts = gaussianParts(build);
    const values = uniforms(components * count(image), 1, { seed, stream: streamOf("pseudo-inputs") });
    const pseudoInputs = build.parameter("prior.pseudo_inputs", values, [components, count(image)]);
    const encode = (pixels: typeof pseudoInputs) => parts.encode(reshape(pixels, [components, ...image]));
    return { ...parts, prior: vampPrior(pseudoInputs, latent, encode) };
  },
  objective(images, parts, { draw, step }, options) {
    const { reconstruction, kl } = onePass(images, parts, draw);
    return { loss: sub(weighted(kl, [], options, step), reconstruction), reconstruction, kl };
  },
});
export type VampVAE = InstanceType<typeof VampVAE>;
