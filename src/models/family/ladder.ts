import { add, mean, sub } from "../../graph/ops/index.ts";
import { defineModel, klOfNormals, klOptions, ladderParts, merged, weighted } from "../latent/index.ts";

/**
 * Ladder VAE, `latent: [d1, d2]`:  p(z2) p(z1|z2) p(x|z1); q(z1) merges what the encoder says with p(z1|z2), weighted by precision.
 *
 *     loss = −reconstruction + beta · (kl1 + kl2),   kl2 = KL(q(z2|x) ‖ N(0, I)),   kl1 = KL(q(z1|x, z2) ‖ p(z1|z2))
 *
 * hidden: the width below the first level, and that between both. Source: Sønderby et al. 2016.
 *
 *     const model = new LVAE(gpu, { image: [1, 28, 28], latent: [20, 10], warmup: 940 });
 */
export const LVAE = defineModel({
  name: "LVAE",
  options: klOptions,
  levels: 2,
  standard: { latent: [20, 10], hidden: [400, 200] },
  parts: ladderParts,
  objective({ x }, { both, priorOf, decodeFirst }, { draw, step }, options) {
    const [bottomUp, q2] = both(x);
    const below = priorOf(q2.sample(draw("z2")));
    const q1 = merged(bottomUp, below);
    const reconstruction = mean(decodeFirst(q1.sample(draw("z1"))).logProb(x));
    const [kl1, kl2] = [mean(klOfNormals(q1, below)), mean(klOfNormals(q2))];
    const cost = weighted(add(kl1, kl2), [[q1, below], [q2]], options, step);
    return { loss: sub(cost, reconstruction), reconstruction, kl1, kl2 };
  },
});
export type LVAE = InstanceType<typeof LVAE>;
