import { drawNormal } from "../../../data/streams.ts";
import { isNumber, option } from "../../../formats/options.ts";
import { add, mul, neg, square, sub } from "../../../graph/ops/arithmetic.ts";
import { clamp, exp, log } from "../../../graph/ops/elementwise.ts";
import { perSample } from "../../../graph/ops/likelihood.ts";
import { part } from "../../../graph/ops/part.ts";
import { mean } from "../../../graph/ops/sum.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import type { Gpu } from "../../../program/gpu.ts";
import type { Likelihood, PixelDistribution } from "../distribution.ts";
import { normalTerms } from "../normal.ts";
import { LOG_TWO_PI } from "../../../graph/logTwoPi.ts";

/** The variance of pixels: a number, one that training learns, one that the decoder says for each pixel, or the batch's best. */
export type Variance = number | "learned" | "per-pixel" | "optimal";

/**
 * The start of "learned": about what a decoder leaves that knows only the mean of images in [0, 1]. Adam moves a parameter by at most its rate a step,
 * so from a variance of 1 it would take thousands of steps, and KL would outweigh the pixels meanwhile.
 */
const START_LOG_VAR = -3;

const words: readonly unknown[] = ["learned", "per-pixel", "optimal"];

/** What a variance may be. */
export const varianceOption = option<Variance>(
  "learned",
  'as a number > 0, "learned", "per-pixel" or "optimal"',
  (value) => (isNumber(value) ? value > 0 : words.includes(value)),
);

/** N(output, e^logVar · I), one log-variance for all pixels, a number or a tensor of one element. */
function sharedVariance(output: Tensor, logVar: Tensor | number): PixelDistribution {
  // a tensor times a power of the variance
  const scaled = (x: Tensor, power: number): Tensor =>
    mul(x, typeof logVar === "number" ? Math.exp(power * logVar) : exp(mul(logVar, power)));
  return {
    mean: output,
    logProb(x) {
      const distance = scaled(perSample(square(sub(x, output))), -1);
      const pixels = x.size / x.shape[0]!;
      const normaliser =
        typeof logVar === "number" ? pixels * (logVar + LOG_TWO_PI) : mul(add(logVar, LOG_TWO_PI), pixels);
      return neg(mul(add(distance, normaliser), 0.5));
    },
    draw: (draw) => add(output, scaled(drawNormal(output.gpu, output.shape, draw), 0.5)),
  };
}

/** The variance that makes a batch most likely:  σ² = mean over batch and pixels of (x − output)². */
export const optimalVariance = (output: Tensor, x: Tensor): Tensor => mean(square(sub(x, output)));

/** N(m, e^ℓ) with m and ℓ (kept within [−20, 20]) out of the channels [m | ℓ] of output. */
function perPixel(output: Tensor): PixelDistribution {
  const channels = output.shape[1]! / 2;
  const m = part(output, 1, 0, channels);
  const logVar = clamp(part(output, 1, channels, channels), -20, 20);
  return {
    mean: m,
    logProb: (x) => perSample(normalTerms(x, m, logVar)),
    draw: (draw) => add(m, mul(exp(mul(logVar, 0.5)), drawNormal(m.gpu, m.shape, draw))),
  };
}

/**
 * Gaussian pixels, N(output, variance):  log p(x|z) = −½ Σ ((x − output)²/variance + log(2π · variance)).
 *
 * variance: a number; "learned", one for all pixels (the parameter `likelihood.log_var`, −3 at first, kept within [−20, 20]; the start
 * is for images in [0, 1], so write another for other data: `model.parameters["likelihood.log_var"].write([0])`);
 * "per-pixel", the decoder's second output; "optimal", the mean squared error of the batch at hand (Rybkin et al. 2020), which is
 * the learned one at its optimum, and no model of single images. Throws LatentError("argument") on another.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], likelihood: gaussian(gpu, { variance: "learned" }) });
 */
export function gaussian(gpu: Gpu, { variance = "learned" }: { readonly variance?: Variance } = {}): Likelihood {
  varianceOption.read("gaussian", "variance", variance);
  if (variance === "per-pixel") return { outputs: 2, at: perPixel };
  if (typeof variance === "number") return { outputs: 1, at: (output) => sharedVariance(output, Math.log(variance)) };
  if (variance === "learned") {
    const state = gpu.state(Float32Array.of(START_LOG_VAR), [1]);
    return {
      outputs: 1,
      parameters: { log_var: state },
      at: (output) => sharedVariance(output, clamp(state, -20, 20)),
    };
  }
  return {
    outputs: 1,
    at: (output) => ({
      mean: output,
      logProb: (x) => sharedVariance(output, log(optimalVariance(output, x))).logProb(x),
      draw: () => output,
    }),
  };
}
