import { uniforms } from "../../data/philox.ts";
import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Terms } from "../../nn/objective.ts";
import { type MovingCodebook, movedCodebook, quantised, uniformCodes } from "../latent/codebook.ts";
import { defineModel } from "../latent/define.ts";
import { atLeast, flag, inside, whole } from "../latent/options.ts";

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
  options: {
    codes: whole(2, 64),
    dimension: whole(1, 8),
    positions: whole(1, 16),
    commitment: atLeast(0, 0.25),
    ema: flag(false),
    decay: inside(0, 1, 0.99),
    epsilon: atLeast(0, 1e-5),
    deadBelow: atLeast(0, 1),
  },
  standard: { likelihood: "gaussian", variance: 0.5 },
  latent: ({ positions, dimension }) => positions * dimension,
  parts(build, { codes, dimension, positions, latent, ema, seed }) {
    const encoder = build.encoder();
    const head = build.linear("code", encoder.features, latent);
    const decode = build.decoder(latent);
    const [values, shape] = [uniforms(codes * dimension, 1 / codes, { seed, stream: 1 << 16 }), [codes, dimension]];
    const weight = ema
      ? build.buffer("codebook.weight", values, shape)
      : build.parameter("codebook.weight", values, shape);
    const count = ema ? build.buffer("codebook.count", new Float32Array(codes).fill(1), [codes]) : weight;
    const moving: MovingCodebook = { weight, count, sum: ema ? build.buffer("codebook.sum", values, shape) : weight };
    const encode = (x: Tensor) => quantised(head.forward(encoder.forward(x)), weight);
    return { encode, decode, prior: uniformCodes(weight, positions), moving };
  },
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
  moves: ({ x }, { encode, moving }, { draw }, options) =>
    options.ema
      ? Object.entries(movedCodebook(moving, encode(x), options, draw("reset"))).map(([name, next]) => [
          moving[name as "sum"],
          next as Tensor,
        ])
      : [],
});
export type VQVAE = InstanceType<typeof VQVAE>;
