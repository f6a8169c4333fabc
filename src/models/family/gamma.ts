import { mean, mul, sub } from "../../graph/ops/index.ts";
import { defineModel, gammaOptions, gammaParts } from "../latent/index.ts";

/**
 * VAE with positive codes:  q(z|x) = Γ(shape, rate),  p(z) = Γ(priorShape, priorRate), each floor + softplus of a head.
 *
 *     loss = −reconstruction + beta · kl,   kl = KL(Γ(a, r) ‖ Γ(a₀, r₀)) in closed form
 *
 * gradient: of the draw by its shape, "implicit" (exact; Figurnov et al. 2018) or "augmented" (rejection sampler with `augmentation`
 * shape raises; Naesseth et al. 2017).
 *
 *     const model = new GammaVAE(gpu, { image: [1, 28, 28], priorShape: 2 });
 */
export const GammaVAE = defineModel({
  name: "GammaVAE",
  options: gammaOptions,
  parts: gammaParts,
  objective({ x }, { encode, decode, prior }, { draw }, { beta, gradient, augmentation }) {
    const q = encode(x);
    const z = q.drawn(draw, gradient, augmentation);
    const [reconstruction, kl] = [mean(decode(z).logProb(x)), mean(q.klTo(prior, z))];
    return { loss: sub(mul(kl, beta), reconstruction), reconstruction, kl };
  },
});
export type GammaVAE = InstanceType<typeof GammaVAE>;
