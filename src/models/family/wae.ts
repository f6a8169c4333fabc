import { mean, mul, sub } from "../../graph/ops/index.ts";
import { atLeast, codeParts, defineModel, kernelOptions, meanDiscrepancy } from "../latent/index.ts";

/**
 * Wasserstein auto-encoder: codes are points, and all of them together are drawn to N(0, I).
 *
 *     loss = −reconstruction + lambda · mmd,   mmd = MMD²(codes, draws of the prior)
 *
 * The cost ‖x − x̂‖² of the paper is the Gaussian likelihood of variance ½, the default. Source: Tolstikhin et al. 2018.
 *
 *     const model = new WAE(gpu, { image: [1, 28, 28], latent: 8, lambda: 10 });
 */
export const WAE = defineModel({
  name: "WAE",
  options: { lambda: atLeast(0, 10), ...kernelOptions },
  standard: { likelihood: "gaussian", variance: 0.5 },
  parts: codeParts,
  objective({ x }, { encode, decode, prior }, { draw }, { lambda, ...kernel }) {
    const z = encode(x);
    const reconstruction = mean(decode(z).logProb(x));
    const mmd = meanDiscrepancy(z, prior.sample(x.shape[0]!, draw("prior")), kernel);
    return { loss: sub(mul(mmd, lambda), reconstruction), reconstruction, mmd };
  },
});
export type WAE = InstanceType<typeof WAE>;
