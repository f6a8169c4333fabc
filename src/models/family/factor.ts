import { add, mul, neg, sub } from "../../graph/ops/arithmetic.ts";
import { detach } from "../../graph/ops/detach.ts";
import { softplus } from "../../graph/ops/elementwise.ts";
import { part } from "../../graph/ops/part.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { permuteLatents } from "../latent/adversary.ts";
import { defineModel } from "../latent/define.ts";
import { atLeast, widths } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";

/**
 * FactorVAE: a discriminator D tells codes from codes with each latent shuffled across the batch; its log-ratio is their total correlation.
 *
 *     loss = −reconstruction + kl + gamma · totalCorrelation,   totalCorrelation = mean(D₀(z) − D₁(z))
 *     discriminatorLoss = ½ (CE(D(z), 0) + CE(D(shuffled z), 1))        moves D alone, in the same step
 *
 * The paper shuffles a second batch; the same one costs one pass. Source: Kim & Mnih 2018.
 *
 *     const model = new FactorVAE(gpu, { image: [1, 28, 28], gamma: 6.4 });
 */
export const FactorVAE = defineModel({
  name: "FactorVAE",
  options: { gamma: atLeast(0, 6.4), discriminatorHidden: widths([256, 256, 256]) },
  parts(build, { latent, discriminatorHidden }) {
    const parts = gaussianParts(build);
    const logits = build.perceptron("discriminator", [latent, ...discriminatorHidden, 2], 0.2);
    const logRatio = (y: Tensor) => sub(part(y, 1, 0, 1), part(y, 1, 1, 1));
    return { ...parts, discriminate: (z: Tensor, frozen = false) => logRatio(logits(z, frozen)) };
  },
  updates: [{ of: "discriminator.", loss: "discriminatorLoss", learningRate: 1e-4, betas: [0.5, 0.9] }],
  objective({ x }, { encode, decode, prior, discriminate }, { draw }, { gamma }) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    const totalCorrelation = mean(discriminate(z, true));
    const [real, shuffled] = [detach(z), permuteLatents(detach(z), draw("permutation"))];
    const mistakes = add(softplus(neg(discriminate(real))), softplus(discriminate(shuffled)));
    const discriminatorLoss = mul(mean(mistakes), 0.5);
    const loss = add(sub(kl, reconstruction), mul(totalCorrelation, gamma));
    return { loss, reconstruction, kl, totalCorrelation, discriminatorLoss };
  },
});
export type FactorVAE = InstanceType<typeof FactorVAE>;
