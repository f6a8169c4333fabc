import { sub } from "../../graph/ops/arithmetic.ts";
import { mean } from "../../graph/ops/sum.ts";
import { defineModel } from "../latent/define.ts";
import { klOptions, weighted } from "../latent/kl.ts";
import { above } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";

/**
 * A VAE whose pixels err by a log-cosh law, quadratic near 0 and linear far away:
 *
 *     loss = −reconstruction + beta · kl,   reconstruction = −Σ (log cosh(alpha·(x − x̂))/alpha + log Z)
 *
 * Source: Chen et al., log hyperbolic cosine loss improves variational auto-encoder, 2018.
 *
 *     const model = new LogCoshVAE(gpu, { image: [1, 28, 28], alpha: 10 });
 */
export const LogCoshVAE = defineModel({
  name: "LogCoshVAE",
  options: { alpha: above(0, 10), ...klOptions },
  standard: { likelihood: "logCosh" },
  parts: gaussianParts,
  objective({ x }, { encode, decode, prior }, { draw, step }, options) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    return { loss: sub(weighted(kl, q, options, step), reconstruction), reconstruction, kl };
  },
});
export type LogCoshVAE = InstanceType<typeof LogCoshVAE>;
