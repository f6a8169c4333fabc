import { add, minimum, mul, sub } from "../../graph/ops/arithmetic.ts";
import { abs } from "../../graph/ops/elementwise.ts";
import { concat } from "../../graph/ops/part.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { categorical, categoricalOptions, temperatureAt, uniformCategories } from "../latent/categorical.ts";
import { defineModel } from "../latent/define.ts";
import { rising } from "../latent/kl.ts";
import { StandardNormal } from "../latent/normal.ts";
import { atLeast, whole } from "../latent/options.ts";
import { productPosterior, productPrior } from "../latent/product.ts";

const capacities = {
  maxCapacity: atLeast(0, 5),
  maxCategoricalCapacity: atLeast(0, 5),
  capacitySteps: whole(1, 25_000),
};

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
  options: {
    ...categoricalOptions,
    variables: whole(1, 1),
    gamma: atLeast(0, 30),
    categoricalGamma: atLeast(0, 30),
    ...capacities,
  },
  parts(build, { latent, variables, classes }) {
    const encoder = build.encoder();
    const heads = build.normal(encoder.features, latent);
    const logits = build.linear("logits", encoder.features, variables * classes);
    const priors = [new StandardNormal(build.gpu, latent), uniformCategories(build.gpu, variables, classes)] as const;
    const both = (x: Tensor) => {
      const features = encoder.forward(x);
      return [heads(features), categorical(logits.forward(features), variables, classes)] as const;
    };
    const encode = (x: Tensor) => productPosterior(...both(x), priors);
    return {
      both,
      encode,
      decode: build.decoder(latent + variables * classes),
      prior: productPrior(...priors),
      priors,
    };
  },
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
