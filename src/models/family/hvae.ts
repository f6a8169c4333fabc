import { add, sub } from "../../graph/ops/arithmetic.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { concat } from "../../graph/ops/part.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { defineModel } from "../latent/define.ts";
import { conditionalPrior, perRow, twoLevelPosterior, twoLevelPrior } from "../latent/hierarchy.ts";
import { klOptions, weighted } from "../latent/kl.ts";
import { klOfNormals } from "../latent/normal.ts";

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
  parts(build, { levels = [], hidden }) {
    const [upper, lower] = [build.encoder("encoder2"), build.encoder("encoder1", levels[1])];
    const top = build.normal(upper.features, levels[1]!, ["mean2", "log_var2"]);
    const first = build.normal(lower.features, levels[0]!, ["mean1", "log_var1"]);
    const priorOf = conditionalPrior(build, levels, hidden[0] ?? levels[0]!);
    /** x once for each row of codes. */
    const matching = (x: Tensor, rows: number) =>
      reshape(expand(x, [rows / x.shape[0]!, ...x.shape]), [rows, ...x.shape.slice(1)]);
    const below = (x: Tensor, z2: Tensor) =>
      perRow(z2, (rows) => first(lower.forward(matching(x, rows.shape[0]!), rows)));
    const topOf = (x: Tensor) => top(upper.forward(x));
    const encode = (x: Tensor) => twoLevelPosterior(topOf(x), (z2) => below(x, z2));
    return { topOf, below, priorOf, encode, decode: build.decoder(), prior: twoLevelPrior(build, levels, priorOf) };
  },
  objective({ x }, { topOf, below, priorOf, decode }, { draw, step }, options) {
    const q2 = topOf(x);
    const z2 = q2.sample(draw("z2"));
    const q1 = below(x, z2);
    const z1 = q1.sample(draw("z1"));
    const reconstruction = mean(decode(concat([z1, z2], 1)).logProb(x));
    const [kl1, kl2] = [mean(klOfNormals(q1, priorOf(z2))), mean(klOfNormals(q2))];
    return { loss: sub(weighted(add(kl1, kl2), null, options, step), reconstruction), reconstruction, kl1, kl2 };
  },
});
export type HVAE = InstanceType<typeof HVAE>;
