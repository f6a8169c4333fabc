import { mul, sub } from "../../graph/ops/arithmetic.ts";
import { abs } from "../../graph/ops/elementwise.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Terms } from "../../nn/objective.ts";
import { defineModel } from "../latent/define.ts";
import { rising } from "../latent/kl.ts";
import { atLeast, oneOf, whole } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";

/**
 * β-VAE: a VAE whose codes pay more, so that they use fewer and more independent dimensions.
 *
 *     type "H":  loss = −reconstruction + beta · kl                              (Higgins et al. 2017)
 *     type "B":  loss = −reconstruction + gamma · |kl − capacity|,
 *                capacity = maxCapacity · min(step / capacitySteps, 1) nats      (Burgess et al. 2018)
 *
 * kl is the mean of the batch: |·| of each image's would be larger (Jensen).
 *
 *     const model = new BetaVAE(gpu, { image: [1, 28, 28], beta: 4 });
 */
export const BetaVAE = defineModel({
  name: "BetaVAE",
  options: {
    type: oneOf("H", "B"),
    beta: atLeast(0, 4),
    gamma: atLeast(0, 10),
    maxCapacity: atLeast(0, 25),
    capacitySteps: whole(1, 10_000),
  },
  parts: gaussianParts,
  objective(
    { x },
    { encode, decode, prior },
    { draw, step },
    { type, beta, gamma, maxCapacity, capacitySteps },
  ): Terms {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    if (type === "H") return { loss: sub(mul(kl, beta), reconstruction), reconstruction, kl };
    const capacity = rising(step, maxCapacity, capacitySteps);
    return { loss: sub(mul(abs(sub(kl, capacity)), gamma), reconstruction), reconstruction, kl, capacity };
  },
});
export type BetaVAE = InstanceType<typeof BetaVAE>;
