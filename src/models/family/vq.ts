import { add, mean, mul, sub } from "../../graph/ops/index.ts";
import type { Terms } from "../../nn/objective.ts";
import { codebookMoves, codebookOptions, codebookParts, defineModel } from "../latent/index.ts";

/**
 * VQ-VAE: codes of `positions` entries of a codebook [codes, dimension], each the nearest to what the encoder says, ze.
 *
 *     loss = −log p(x|e) + commitment · E‖ze − sg e‖² + E‖sg ze − e‖²,   ∂/∂ze of the first as if it were e (straight-through)
 *
 * ema: the codebook follows its codes instead of the last term (`movedCodebook`). Codes come from `codebookPrior`: each position's entry by
 * itself, as often as the images of the last fit had it there, so samples do not know what belongs together in different positions; before
 * a fit all entries are as likely. elbo and logProb hold for that prior: log p(x) ≥ log p(x|e(x)) + log p(e(x)).
 * Source: van den Oord, Vinyals & Kavukcuoglu 2017, whose prior is a PixelCNN.
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
  fitPrior: async ({ encode, prior }, codesOf) => prior.fit(await codesOf((x) => encode(x).indices)),
  moves: ({ x }, { encode, moving }, { draw }, options) => codebookMoves(moving, encode(x), options, draw("reset")),
});
export type VQVAE = InstanceType<typeof VQVAE>;
