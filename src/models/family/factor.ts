import { add, detach, mean, mul, neg, softplus, sub } from "../../graph/ops/index.ts";
import {
  atLeast,
  defineModel,
  discriminator,
  gaussianParts,
  onePass,
  permuteLatents,
  widths,
} from "../latent/index.ts";

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
  parts: (build, { discriminatorHidden: hidden }) => ({
    ...gaussianParts(build),
    discriminate: discriminator(build, hidden),
  }),
  updates: [{ of: "discriminator.", loss: "discriminatorLoss", learningRate: 1e-4, betas: [0.5, 0.9] }],
  objective(images, parts, { draw }, { gamma }) {
    const { z, reconstruction, kl } = onePass(images, parts, draw);
    const totalCorrelation = mean(parts.discriminate(z, true));
    const [real, shuffled] = [detach(z), permuteLatents(detach(z), draw("permutation"))];
    const mistakes = add(softplus(neg(parts.discriminate(real))), softplus(parts.discriminate(shuffled)));
    const discriminatorLoss = mul(mean(mistakes), 0.5);
    const loss = add(sub(kl, reconstruction), mul(totalCorrelation, gamma));
    return { loss, reconstruction, kl, totalCorrelation, discriminatorLoss };
  },
});
export type FactorVAE = InstanceType<typeof FactorVAE>;
