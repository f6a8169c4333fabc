import { add, less, mul, neg, square, sub } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { clamp, exp, sigmoid } from "../graph/ops/elementwise.ts";
import { bernoulliLogLikelihood, perSample } from "../graph/ops/likelihood.ts";
import { type Draw, streamOf } from "../data/streams.ts";
import { random } from "../graph/ops/random.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { State } from "../nn/states.ts";
import type { Gpu } from "../program/gpu.ts";

/** p(x|z): what the decoder's output says about pixels. */
export interface Likelihood {
  readonly states: readonly State[];
  /** log p(x|z) per sample in nats. output, x: [n, pixels]; returns [n]. */
  logProb(output: Tensor, x: Tensor): Tensor;
  mean(output: Tensor): Tensor;
  draw(output: Tensor, draw: Draw): Tensor;
}

/** Independent pixels, 1 with probability sigmoid(output). On grey pixels logProb is minus the binary cross-entropy. */
export const bernoulli: Likelihood = {
  states: [],
  logProb: bernoulliLogLikelihood,
  mean: sigmoid,
  draw: (output, draw) =>
    cast(
      less(random.uniform(output.gpu, output.shape, { ...draw, stream: streamOf("pixels") }), sigmoid(output)),
      "f32",
    ),
};

/**
 * N(output, variance · I), one variance for all pixels: given, or learnt as `likelihood.log_var` (0 at first, kept within [−20, 20]).
 *
 *     log p(x|z) = −½ (‖x − output‖² / variance + pixels · log(2π · variance))
 */
export function gaussian(gpu: Gpu, variance: number | "learned"): Likelihood {
  const state = variance === "learned" ? gpu.state(new Float32Array(1), [1]) : null;
  // the logarithm of the variance, and a tensor times a power of the variance
  const logVar = (): Tensor | number => (state ? clamp(state, -20, 20) : Math.log(variance as number));
  const scaled = (x: Tensor, power: number): Tensor => {
    const l = logVar();
    return mul(x, typeof l === "number" ? Math.exp(power * l) : exp(mul(l, power)));
  };
  return {
    states: state ? [{ names: ["likelihood.log_var"], tensor: state }] : [],
    logProb(output, x) {
      const distance = scaled(perSample(square(sub(x, output))), -1);
      const l = logVar();
      const pixels = x.shape[1]!;
      const normaliser =
        typeof l === "number" ? pixels * (l + Math.log(2 * Math.PI)) : mul(add(l, Math.log(2 * Math.PI)), pixels);
      return neg(mul(add(distance, normaliser), 0.5));
    },
    mean: (output) => output,
    draw: (output, draw) =>
      add(output, scaled(random.normal(output.gpu, output.shape, { ...draw, stream: streamOf("pixels") }), 0.5)),
  };
}
