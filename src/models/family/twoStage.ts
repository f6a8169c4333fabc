import { detach, mean, sub } from "../../graph/ops/index.ts";
import { defineModel, gaussianParts, onePass, secondStage, StandardNormal, whole } from "../latent/index.ts";

/**
 * Two-stage VAE: a second VAE learns the codes of the first, in the same step, and draws new ones.
 *
 *     loss = −reconstruction + kl                          moves the first stage, whose prior is N(0, I)
 *     secondLoss = −log N(z; f(u), γ²) + KL(q(u|z) ‖ N(0, I))     moves the second, of codes z drawn from q(z|x)
 *
 * Codes come from u ~ N(0, I), z ~ N(f(u), γ²). elbo and logProb take the bound of the second stage as log p(z).
 * Source: Dai & Wipf 2019.
 *
 *     const model = new TwoStageVAE(gpu, { image: [1, 28, 28], secondHidden: 256 });
 */
export const TwoStageVAE = defineModel({
  name: "TwoStageVAE",
  options: { secondHidden: whole(1, 256) },
  standard: { likelihood: "gaussian", variance: "learned" },
  updates: [{ of: "second.", loss: "secondLoss" }],
  parts(build, { latent, secondHidden }) {
    const parts = gaussianParts(build);
    return { ...parts, first: new StandardNormal(build.gpu, latent), prior: secondStage(build, latent, secondHidden) };
  },
  objective(images, parts, { draw }) {
    const { z, reconstruction, kl } = onePass(images, { ...parts, prior: parts.first }, draw);
    const ofCodes = parts.prior.terms(detach(z), draw("u"));
    const [secondReconstruction, secondKl] = [mean(ofCodes.reconstruction), mean(ofCodes.kl)];
    const losses = { loss: sub(kl, reconstruction), secondLoss: sub(secondKl, secondReconstruction) };
    return { ...losses, reconstruction, kl, secondReconstruction, secondKl };
  },
});
export type TwoStageVAE = InstanceType<typeof TwoStageVAE>;
