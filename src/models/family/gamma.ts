import { mul, sub } from "../../graph/ops/arithmetic.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { defineModel } from "../latent/define.ts";
import { gamma, gammaPrior, positive } from "../latent/gamma.ts";
import { above, atLeast, oneOf, whole } from "../latent/options.ts";

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
  options: {
    beta: atLeast(0, 1),
    priorShape: above(0, 1),
    priorRate: above(0, 1),
    floor: above(0, 0.01),
    gradient: oneOf("implicit", "augmented"),
    augmentation: whole(1, 4),
  },
  parts(build, { latent, priorShape, priorRate, floor }) {
    const encoder = build.encoder();
    const [shape, rate] = ["shape", "rate"].map((name) => build.linear(name, encoder.features, latent));
    const encode = (x: Tensor) => {
      const features = encoder.forward(x);
      const [a, r] = [shape, rate].map((head) => positive(head!.forward(features), floor));
      return gamma(a!, r!, [priorShape, priorRate]);
    };
    return { encode, decode: build.decoder(), prior: gammaPrior(build.gpu, latent, priorShape, priorRate) };
  },
  objective({ x }, { encode, decode, prior }, { draw }, { beta, gradient, augmentation }) {
    const q = encode(x);
    const z = q.drawn(draw, gradient, augmentation);
    const [reconstruction, kl] = [mean(decode(z).logProb(x)), mean(q.klTo(prior, z))];
    return { loss: sub(mul(kl, beta), reconstruction), reconstruction, kl };
  },
});
export type GammaVAE = InstanceType<typeof GammaVAE>;
