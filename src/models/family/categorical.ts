import { mean, sub } from "../../graph/ops/index.ts";
import {
  categoricalOptions,
  categoricalParts,
  defineModel,
  temperatureAt,
  warmupOptions,
  weighted,
} from "../latent/index.ts";

/**
 * VAE with classes as codes, `variables` of `classes` each, relaxed in training to points of the simplex at a falling temperature:
 *
 *     y = softmax((logits + Gumbel)/τ),   τ = max(minTemperature, temperature · e^{−annealRate·step})
 *     loss = −log p(x|y) + beta · kl,     kl = Σ_v Σ_c q (log q + log classes), exact
 *
 * hard: y is a single 1, with the gradient of the relaxed one. The relaxed loss bounds nothing; elbo and logProb draw classes.
 * beta, warmup as `klOptions` say: without a warm-up most variables may say nothing, since KL costs before the decoder reads them.
 * Sources: Jang, Gu & Poole 2017; Maddison, Mnih & Teh 2017.
 *
 *     const model = new CategoricalVAE(gpu, { image: [1, 28, 28], variables: 20, classes: 10 });
 */
export const CategoricalVAE = defineModel({
  name: "CategoricalVAE",
  options: { ...warmupOptions, ...categoricalOptions },
  latent: ({ variables, classes }) => variables * classes,
  parts: categoricalParts,
  objective({ x }, { encode, decode, prior }, { draw, step }, { beta, warmup, hard, ...annealed }) {
    const q = encode(x);
    const temperature = temperatureAt(step, annealed);
    const y = q.relaxed(draw("gumbel"), temperature, hard);
    const [reconstruction, kl] = [mean(decode(y).logProb(x)), mean(q.klTo(prior, y))];
    return { loss: sub(weighted(kl, [], { beta, warmup }, step), reconstruction), reconstruction, kl, temperature };
  },
});
export type CategoricalVAE = InstanceType<typeof CategoricalVAE>;
