import { abs, add, concat, mean, minimum, mul, sub } from "../../graph/ops/index.ts";
import { defineModel, jointOptions, jointParts, rising, temperatureAt } from "../latent/index.ts";

/**
 * JointVAE: codes of `latent` numbers z and of `variables` classes y, each with a capacity C(t) that rises over capacitySteps:
 *
 *     loss = −log p(x|z, y) + gamma · |kl − C_z| + categoricalGamma · |categoricalKl − C_y|,   C_y ≤ variables · log classes
 *
 * y is relaxed as in CategoricalVAE. Source: Dupont 2018.
 *
 *     const model = new JointVAE(gpu, { image: [1, 28, 28], latent: 10, variables: 1, classes: 10 });
 */
export const JointVAE = defineModel({
  name: "JointVAE",
  options: jointOptions,
  parts: jointParts,
  objective({ x }, { both, decode, priors }, { draw, step }, { hard, ...o }) {
    const [q, c] = both(x);
    const [z, temperature] = [q.sample(draw("z")), temperatureAt(step, o)];
    const y = c.relaxed(draw("gumbel"), temperature, hard);
    const reconstruction = mean(decode(concat([z, y], 1)).logProb(x));
    const [kl, categoricalKl] = [mean(q.klTo(priors[0], z)), mean(c.klTo(priors[1], y))];
    const capacity = rising(step, o.maxCapacity, o.capacitySteps);
    const most = o.variables * Math.log(o.classes);
    const categoricalCapacity = minimum(rising(step, o.maxCategoricalCapacity, o.capacitySteps), most);
    const penalty = mul(abs(sub(categoricalKl, categoricalCapacity)), o.categoricalGamma);
    const loss = add(sub(mul(abs(sub(kl, capacity)), o.gamma), reconstruction), penalty);
    return { loss, reconstruction, kl, categoricalKl, capacity, categoricalCapacity, temperature };
  },
});
export type JointVAE = InstanceType<typeof JointVAE>;
