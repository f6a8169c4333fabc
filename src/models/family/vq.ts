import { add, mean, mul, sub } from "../../graph/ops/index.ts";
import type { Terms } from "../../nn/objective.ts";
import { codebookMoves, codebookOptions, codebookParts, defineModel } from "../latent/index.ts";

/**
 * VQ-VAE: codes of `positions` entries of a codebook [codes, dimension], each the nearest to what the encoder says, ze.
 *
 *     loss = −log p(x|e) + commitment · E‖ze − sg e‖² + E‖sg ze − e‖²,   ∂/∂ze of the first as if it were e (straight-through)
 *
 * ema: the codebook follows its codes instead of the last term (`movedCodebook`). elbo and logProb hold for a uniform prior over
 * entries: log p(x) ≥ log p(x|e(x)) − positions · log codes. Source: van den Oord, Vinyals & Kavukcuoglu 2017.
 *
 *     const model = new VQVAE(gpu, { image: [1, 28, 28], codes: 64, positions: 16, dimension: 8 });
 */
export const VQVAE = defineModel({
  name: "VQVAE",
  options: codebookOptions,
  standard: { likelihood: "gaussian", variance: 0.5 },
  latent: ({ positions, dimension }) => positions * dimension,
  parts: codebookParts,
  objective({ x }, { encode, decode }, _, { commitment: weight, ema }): Terms {
    const q = encode(x);
    const reconstruction = mean(decode(q.through).logProb(x));
    const commitment = q.distance("codes");
    const perplexity = q.perplexity();
    const loss = sub(mul(commitment, weight), reconstruction);
    if (ema) return { loss, reconstruction, commitment, perplexity };
    const codebook = q.distance("entries");
    return { loss: add(loss, codebook), reconstruction, commitment, codebook, perplexity };
  },
  moves: ({ x }, { encode, moving }, { draw }, options) => codebookMoves(moving, encode(x), options, draw("reset")),
});
export type VQVAE = InstanceType<typeof VQVAE>;
