import { mean, sub } from "../../graph/ops/index.ts";
import { defineModel, EXAMPLE_NAMES, klOptions, mixtureOptions, mixtureParts, weighted } from "../latent/index.ts";

/**
 * Variational auto-encoder:  p(x) = ∫ p(x|z) N(z; 0, I) dz, with q(z|x) = N(mean(x), diag e^logVar(x)).
 *
 *     loss = −reconstruction + beta · kl,   reconstruction = log p(x|z) at one draw z of q,   kl = KL(q(z|x) ‖ N(0, I))
 *
 * beta, warmup and freeBits as `klOptions` say; after the warm-up, without free bits, loss = −mean(elbo), whose kl counts `beta` times.
 * priorComponents: p(z) is a mixture of so many normals that is learnt as well (Tomczak & Welling 2018), and kl that of one draw.
 * Source: Kingma & Welling 2014; layers of the MLP as in pytorch/examples.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], latent: 20 });
 *     await model.fit(data, { epochs: 3, batch: 128 });
 *     const pictures = await model.sample(16, { seed: 1 }).read();
 */
export const VAE = defineModel({
  name: "VAE",
  options: { ...klOptions, ...mixtureOptions },
  names: EXAMPLE_NAMES,
  klWeight: ({ beta }) => beta,
  parts: mixtureParts,
  objective({ x }, { encode, decode, prior }, { draw, step }, options) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    return { loss: sub(weighted(kl, [[q]], options, step), reconstruction), reconstruction, kl };
  },
});
export type VAE = InstanceType<typeof VAE>;
