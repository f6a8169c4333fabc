import { drawUniform } from "../../../data/streams.ts";
import { less } from "../../../graph/ops/arithmetic.ts";
import { cast } from "../../../graph/ops/cast.ts";
import { sigmoid } from "../../../graph/ops/elementwise.ts";
import { bernoulliLogLikelihood } from "../../../graph/ops/likelihood.ts";
import type { Likelihood } from "../distribution.ts";

/**
 * Independent pixels that are 1 with probability sigmoid(output), else 0. On grey pixels logProb is minus the binary cross-entropy.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], likelihood: bernoulli() });
 */
export const bernoulli = (): Likelihood => ({
  outputs: 1,
  range: [0, 1],
  at: (output) => ({
    mean: sigmoid(output),
    logProb: (x) => bernoulliLogLikelihood(output, x),
    draw: (draw) => cast(less(drawUniform(output.gpu, output.shape, draw), sigmoid(output)), "f32"),
  }),
});
