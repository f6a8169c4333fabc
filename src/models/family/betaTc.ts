import { add, mean, mul, sub } from "../../graph/ops/index.ts";
import { atLeast, decomposeKl, defineModel, gaussianParts, oneOf, weight } from "../latent/index.ts";

/**
 * β-TC-VAE: of the parts of the divergence, the total correlation of the codes pays more.
 *
 *     loss = −reconstruction + alpha · mutualInformation + beta · totalCorrelation + gamma · dimensionWiseKl
 *
 * with q(z) estimated from the batch by "stratified" or "weighted" importance (`decomposeKl`). With alpha = beta = gamma = 1 it is
 * a VAE with a sampled divergence. Source: Chen, Li, Grosse & Duvenaud 2018.
 *
 *     const model = new BetaTCVAE(gpu, { image: [1, 28, 28], beta: 6 });
 */
export const BetaTCVAE = defineModel({
  name: "BetaTCVAE",
  options: {
    alpha: atLeast(0, 1),
    beta: weight(6),
    gamma: atLeast(0, 1),
    estimator: oneOf("stratified", "weighted"),
  },
  parts: gaussianParts,
  objective({ x }, { encode, decode, prior }, { draw, count }, { alpha, beta, gamma, estimator }) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const parts = decomposeKl(q, z, prior, count, estimator);
    const { mutualInformation, totalCorrelation, dimensionWiseKl } = parts;
    const penalty = add(mul(mutualInformation, alpha), add(mul(totalCorrelation, beta), mul(dimensionWiseKl, gamma)));
    return { loss: sub(penalty, reconstruction), reconstruction, ...parts };
  },
});
export type BetaTCVAE = InstanceType<typeof BetaTCVAE>;
