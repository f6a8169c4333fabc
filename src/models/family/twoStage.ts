import { sub } from "../../graph/ops/arithmetic.ts";
import { detach } from "../../graph/ops/detach.ts";
import { mean } from "../../graph/ops/sum.ts";
import { defineModel } from "../latent/define.ts";
import { StandardNormal } from "../latent/normal.ts";
import { whole } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";
import { secondStage } from "../latent/secondStage.ts";

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
  objective({ x }, { encode, decode, first, prior }, { draw }) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const [reconstruction, kl] = [mean(decode(z).logProb(x)), mean(q.klTo(first, z))];
    const second = prior.terms(detach(z), draw("u"));
    const [secondReconstruction, secondKl] = [mean(second.reconstruction), mean(second.kl)];
    const losses = { loss: sub(kl, reconstruction), secondLoss: sub(secondKl, secondReconstruction) };
    return { ...losses, reconstruction, kl, secondReconstruction, secondKl };
  },
});
export type TwoStageVAE = InstanceType<typeof TwoStageVAE>;
