import { type Draw, drawUniform } from "../../data/streams.ts";
import { mul, sub } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { floor, sigmoid } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Prior } from "./distribution.ts";
import { logNormals, type Normal, normal } from "./normal.ts";

/**
 * The mixture of the posteriors of K learnt images:  p(z) = 1/K Σ_k q(z|u_k),  u = sigmoid(pseudoInputs).
 *
 * pseudoInputs: [K, pixels]. Source: Tomczak & Welling 2018.
 */
export function vampPrior(pseudoInputs: Tensor, latent: number, encode: (pixels: Tensor) => Normal): Prior {
  const components = pseudoInputs.shape[0]!;
  const posteriors = () => encode(sigmoid(pseudoInputs));
  return {
    shape: [latent],
    parameters: { pseudo_inputs: pseudoInputs },
    logProb(z) {
      return sub(logsumexp(logNormals(z, posteriors()), -1), Math.log(components));
    },
    sample(n, draw) {
      const { mean: m, logVar } = posteriors();
      const of = (use: string): Draw => ({
        seed: draw.seed,
        ...(draw.step === undefined ? {} : { step: draw.step }),
        name: `${draw.name ?? "prior"} ${use}`,
      });
      const chosen = cast(floor(mul(drawUniform(m.gpu, [n], of("component")), components)), "u32");
      return normal(gather(m, chosen), gather(logVar, chosen)).sample(of("normal"));
    },
  };
}
