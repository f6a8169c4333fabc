import { LatentError } from "../../device/errors.ts";
import { abs, mul, sub } from "../../graph/ops/index.ts";
import type { Terms } from "../../nn/objective.ts";
import {
  atLeast,
  capacityOptions,
  defineModel,
  gaussianParts,
  oneOf,
  onePass,
  rising,
  weight,
} from "../latent/index.ts";

/**
 * β-VAE: a VAE whose codes pay more, so that they use fewer and more independent dimensions.
 *
 *     type "H":  loss = −reconstruction + beta · kl                                                    (Higgins et al. 2017)
 *     type "B":  loss = −reconstruction + gamma · |kl − maxCapacity · min(step / capacitySteps, 1)|     (Burgess et al. 2018)
 *
 * Here kl is the mean of the batch: |·| of each image's would be larger (Jensen).
 *
 *     const model = new BetaVAE(gpu, { image: [1, 28, 28], beta: 4 });
 */
export const BetaVAE = defineModel({
  name: "BetaVAE",
  options: { type: oneOf("H", "B"), beta: weight(4), gamma: atLeast(0, 10), ...capacityOptions },
  parts(build, { type, beta }) {
    if (type === "B" && typeof beta !== "number")
      throw new LatentError("argument", `BetaVAE: type "B" has no beta to steer. Expected a number; got a tensor.`);
    return gaussianParts(build);
  },
  objective(images, parts, { draw, step }, { type, beta, gamma, maxCapacity, capacitySteps }): Terms {
    const { reconstruction, kl } = onePass(images, parts, draw);
    if (type === "H") return { loss: sub(mul(kl, beta), reconstruction), reconstruction, kl };
    const capacity = rising(step, maxCapacity, capacitySteps);
    return { loss: sub(mul(abs(sub(kl, capacity)), gamma), reconstruction), reconstruction, kl, capacity };
  },
});
export type BetaVAE = InstanceType<typeof BetaVAE>;
