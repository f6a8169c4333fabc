import { mean, mul, sub } from "../../graph/ops/index.ts";
import { atLeast, codeParts, defineModel, slicedDistance, whole } from "../latent/index.ts";

/**
 * Sliced Wasserstein auto-encoder: codes are points, drawn to N(0, I) along random directions.
 *
 *     loss = −reconstruction + lambda · slicedWasserstein,   slicedWasserstein = mean |sort(z·θ) − sort(prior·θ)|^p
 *
 * The cost ‖x − x̂‖² of the paper is the Gaussian likelihood of variance ½, the default. Source: Kolouri et al. 2019.
 *
 *     const model = new SWAE(gpu, { image: [1, 28, 28], latent: 8, projections: 50 });
 */
export const SWAE = defineModel({
  name: "SWAE",
  options: { lambda: atLeast(0, 10), projections: whole(1, 50), p: atLeast(1, 2) },
  standard: { likelihood: "gaussian", variance: 0.5 },
  parts: codeParts,
  objective({ x }, { encode, decode, prior }, { draw }, { lambda, projections, p }) {
    const z = encode(x);
    const reconstruction = mean(decode(z).logProb(x));
    const drawn = prior.sample(x.shape[0]!, draw("prior"));
    const slicedWasserstein = slicedDistance(z, drawn, projections, p, draw("projections"));
    return { loss: sub(mul(slicedWasserstein, lambda), reconstruction), reconstruction, slicedWasserstein };
  },
});
export type SWAE = InstanceType<typeof SWAE>;
