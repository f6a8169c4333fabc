import { add, concat, mean, sub } from "../../graph/ops/index.ts";
import { defineModel, hierarchyParts, klOfNormals, klOptions, weighted } from "../latent/index.ts";

/**
 * Two levels of codes, `latent: [d1, d2]`:  p(z2) p(z1|z2) p(x|z1, z2), with q(z2|x) q(z1|x, z2).
 *
 *     loss = −reconstruction + beta · (kl1 + kl2),   kl2 = KL(q(z2|x) ‖ N(0, I)),   kl1 = KL(q(z1|x, z2) ‖ p(z1|z2))
 *
 * kl2 near 0 after training says that the upper level is not used: warmup helps. Source: Tomczak & Welling 2018, figure 1b.
 *
 *     const model = new HVAE(gpu, { image: [1, 28, 28], latent: [20, 10], warmup: 940 });
 */
export const HVAE = defineModel({
  name: "HVAE",
  options: klOptions,
  levels: 2,
  standard: { latent: [20, 10] },
  parts: hierarchyParts,
  objective({ x }, { topOf, below, priorOf, decode }, { draw, step }, options) {
    const q2 = topOf(x);
    const z2 = q2.sample(draw("z2"));
    const q1 = below(x, z2);
    const z1 = q1.sample(draw("z1"));
    const reconstruction = mean(decode(concat([z1, z2], 1)).logProb(x));
    const p1 = priorOf(z2);
    const [kl1, kl2] = [mean(klOfNormals(q1, p1)), mean(klOfNormals(q2))];
    const cost = weighted(add(kl1, kl2), [[q1, p1], [q2]], options, step);
    return { loss: sub(cost, reconstruction), reconstruction, kl1, kl2 };
  },
});
export type HVAE = InstanceType<typeof HVAE>;
