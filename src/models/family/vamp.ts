import { sub } from "../../graph/ops/arithmetic.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { count } from "../../graph/dtype.ts";
import { mean } from "../../graph/ops/sum.ts";
import { uniforms } from "../../data/philox.ts";
import { defineModel } from "../latent/define.ts";
import { klOptions, weighted } from "../latent/kl.ts";
import { whole } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";
import { vampPrior } from "../latent/vamp.ts";

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
  options: { components: whole(1, 300), ...klOptions },
  parts(build, { components, latent, image, seed }) {
    const parts = gaussianParts(build);
    const values = uniforms(components * count(image), 1, { seed, stream: 1 << 16 });
    const pseudoInputs = build.parameter("prior.pseudo_inputs", values, [components, count(image)]);
    const encode = (pixels: typeof pseudoInputs) => parts.encode(reshape(pixels, [components, ...image]));
    return { ...parts, prior: vampPrior(pseudoInputs, latent, encode) };
  },
  objective({ x }, { encode, decode, prior }, { draw, step }, options) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    return { loss: sub(weighted(kl, null, options, step), reconstruction), reconstruction, kl };
  },
});
export type VampVAE = InstanceType<typeof VampVAE>;
