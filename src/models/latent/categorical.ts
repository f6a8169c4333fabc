import { type Draw, drawUniform } from "../../data/streams.ts";
import { above, atLeast, flag, whole } from "../../formats/options.ts";
import { add, div, maximum, mul, neg } from "../../graph/ops/arithmetic.ts";
import { argmax } from "../../graph/ops/argmax.ts";
import { cast } from "../../graph/ops/cast.ts";
import { customGradient } from "../../graph/ops/customGradient.ts";
import { exp, log } from "../../graph/ops/elementwise.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { logSoftmax, softmax } from "../../graph/ops/softmax.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Runner, Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import type { Posterior, Prior } from "./distribution.ts";
import { sampledKl } from "./normal.ts";

/** Options of codes of classes, and of how they are relaxed in training. */
export const categoricalOptions = {
  variables: whole(1, 20),
  classes: whole(2, 10),
  temperature: above(0, 1),
  minTemperature: above(0, 0.5),
  annealRate: atLeast(0, 3e-5),
  hard: flag(false),
};

/** τ = max(minTemperature, temperature · e^{−annealRate·t}) at step t. */
export const temperatureAt = (
  step: Tensor,
  o: { readonly temperature: number; readonly minTemperature: number; readonly annealRate: number },
): Tensor => maximum(mul(exp(mul(cast(step, "f32"), -o.annealRate)), o.temperature), o.minTemperature);

/** Gumbel numbers −log(−log u): f32 `shape`; −log u is kept above 2⁻²⁴, where float32's log has no digits. */
const gumbel = (gpu: Runner, shape: readonly number[], draw: Draw): Tensor =>
  draw.given ? drawUniform(gpu, shape, draw) : neg(log(maximum(neg(log(drawUniform(gpu, shape, draw))), 2 ** -24)));

/** `value` with the gradient of `through`, of the same shape. */
export const straightThrough = (value: Tensor, through: Tensor): Tensor =>
  customGradient<[Tensor], Tensor>(
    () => value,
    ([g]) => [g!],
  )(through);

/** Variables of C classes each, as rows with a single 1: codes [n, variables · C]. */
export interface Categorical extends Posterior {
  /** Codes relaxed towards the simplex (Gumbel-softmax), through which gradients reach the logits; with `hard`, single ones. */
  relaxed(draw: Draw, temperature: Tensor, hard: boolean): Tensor;
}

/**
 * q(z|x) = Π softmax(logits); logits: [n, variables · classes]. The divergence has a closed form from `uniform`, the uniform prior that
 * the codes belong to. Sources: Jang et al. 2017, Maddison et al. 2017.
 */
export function categorical(logits: Tensor, variables: number, classes: number, uniform: Prior): Categorical {
  const n = logits.shape[0]!;
  const width = variables * classes;
  const rows = reshape(logits, [n, variables, classes]);
  const logQ = reshape(logSoftmax(rows, 2), [n, width]);
  const logProb = (z: Tensor): Tensor => sum(mul(z, logQ), -1);
  const single = (scores: Tensor) => oneHot(argmax(scores, -1), classes);
  return {
    mean: reshape(softmax(rows, 2), [n, width]),
    logProb,
    sample(draw, draws) {
      const lead = [draws ?? []].flat();
      const shape = [...lead, n, variables, classes];
      return reshape(single(add(expand(rows, shape), gumbel(logits.gpu, shape, draw))), [...lead, n, width]);
    },
    // exact, from log-softmax: 0 · log 0 does not arise
    klTo: (prior, z) =>
      prior === uniform ? sum(mul(exp(logQ), add(logQ, Math.log(classes))), 1) : sampledKl({ logProb }, prior, z),
    relaxed(draw, temperature, hard) {
      const scores = div(add(rows, gumbel(logits.gpu, rows.shape, draw)), temperature);
      const soft = softmax(scores, 2);
      return reshape(hard ? straightThrough(single(scores), soft) : soft, [n, width]);
    },
  };
}

/** Every class of every variable as likely as any other. */
export function uniformCategories(gpu: Runner, variables: number, classes: number): Prior {
  const shape = [variables * classes];
  return {
    shape,
    parameters: {},
    logProb: (z) => mul(sum(z, -1), -Math.log(classes)),
    sample(n, draw) {
      const scores = drawUniform(gpu, [n, variables, classes], draw);
      return reshape(oneHot(argmax(scores, 2), classes), [n, ...shape]);
    },
  };
}

/** An encoder of logits, and a decoder of classes. */
export function categoricalParts(
  build: Builder,
  { variables, classes, latent }: { readonly variables: number; readonly classes: number; readonly latent: number },
) {
  const encoder = build.encoder();
  const logits = build.linear("logits", encoder.features, latent);
  const prior = uniformCategories(build.gpu, variables, classes);
  const encode = (x: Tensor) => categorical(logits.forward(encoder.forward(x)), variables, classes, prior);
  return { encode, decode: build.decoder(latent), prior };
}
