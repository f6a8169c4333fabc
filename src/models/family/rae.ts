import { add, mean, mul, square, sub, sum } from "../../graph/ops/index.ts";
import type { Terms } from "../../nn/objective.ts";
import {
  CodeGaussian,
  defineModel,
  jacobianNorm,
  regularisedParts,
  regularizerOptions,
  squaredNorm,
} from "../latent/index.ts";

/**
 * Regularised auto-encoder: points as codes, kept small, and a smooth decoder; new images come from a Gaussian (or, by `withPrior`, a
 * mixture) fitted to the codes.
 *
 *     loss = −reconstruction + embeddingWeight · mean ½‖z‖² + weight · regularizer
 *
 * regularizer: "l2", Σθ² of the decoder; "gradient", ‖∂x̂/∂z‖² (`jacobianNorm`); "spectral", weights divided by their largest singular
 * value, with no term. Source: Ghosh, Sajjadi, Vergari, Black & Schölkopf 2020.
 *
 *     const model = new RAE(gpu, { image: [1, 28, 28], latent: 16, regularizer: "l2" });
 */
export const RAE = defineModel({
  name: "RAE",
  options: regularizerOptions,
  standard: { likelihood: "gaussian", variance: 0.5, latent: 16 },
  codes: CodeGaussian,
  parts: regularisedParts,
  objective({ x }, { encode, decode, decoder }, { draw }, { regularizer: kind, embeddingWeight, weight }): Terms {
    const z = encode(x);
    const reconstruction = mean(decode(z).logProb(x));
    const embedding = mul(mean(sum(square(z), 1)), 0.5);
    const loss = sub(mul(embedding, embeddingWeight), reconstruction);
    if (kind === "spectral") return { loss, reconstruction, embedding };
    const regularizer = kind === "l2" ? squaredNorm(decoder) : jacobianNorm(decode, z, draw("probe"));
    return { loss: add(loss, mul(regularizer, weight)), reconstruction, embedding, regularizer };
  },
});
export type RAE = InstanceType<typeof RAE>;
