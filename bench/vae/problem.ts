// The training step that every engine runs: VAE 784-400-20 with ReLU, Bernoulli loss on grey pixels, Adam.

/** y = x·weightᵀ + bias; weight: [outputs, inputs], bias: [outputs]. */
export interface Linear {
  inputs: number;
  outputs: number;
  weight: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
}

/**
 * One batch and the network's weights at the start.
 *
 *     h = relu(encode(x));   [μ | ℓ] = heads(h);   z = μ + ε·e^(ℓ/2);   logits = output(relu(decode(z)))
 *     loss = (Σ softplus(logits) − x·logits  +  ½ Σ μ² + e^ℓ − 1 − ℓ) / batch      in nats per image
 */
export interface Problem {
  batch: number;
  latent: number;
  weights: { encode: Linear; heads: Linear; decode: Linear; output: Linear };
  /** [batch, 784], in [0, 1]. */
  images: Float32Array<ArrayBuffer>;
  /** [batch, latent]: ε of every step, for the comparison of losses. Without it each step draws its own. */
  noise?: Float32Array<ArrayBuffer>;
  seed: number;
}

/** One engine, ready to train. `step` enqueues forward, backward and update; `loss` is that of the latest step, before its update. */
export interface Trainer {
  name: string;
  version: string;
  step(): void | Promise<void>;
  /** Many steps at once, for engines that can. */
  repeat?(steps: number): void | Promise<void>;
  loss(): Promise<number>;
  /** Resolves when the GPU has done all that was enqueued. */
  finish(): Promise<void>;
  dispose(): void;
}

/** What an engine's file exports as `prepare`. */
export type Prepare = (problem: Problem) => Promise<Trainer>;

export const PIXELS = 784;
export const HIDDEN = 400;
export const LATENT = 20;
export const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function uniforms(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** PyTorch's default for Linear: weight and bias uniform within ±1/√inputs. */
function linear(inputs: number, outputs: number, uniform: () => number): Linear {
  const bound = 1 / Math.sqrt(inputs);
  const draw = () => (2 * uniform() - 1) * bound;
  return {
    inputs,
    outputs,
    weight: Float32Array.from({ length: outputs * inputs }, draw),
    bias: Float32Array.from({ length: outputs }, draw),
  };
}

/** Weights, a batch of made-up digits (four pixels in five black, the others grey) and a fixed noise, all from `seed`. */
export function problem(batch: number, seed: number): Required<Problem> {
  const uniform = uniforms(seed);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    batch,
    latent: LATENT,
    seed,
    weights: {
      encode: linear(PIXELS, HIDDEN, uniform),
      heads: linear(HIDDEN, 2 * LATENT, uniform),
      decode: linear(LATENT, HIDDEN, uniform),
      output: linear(HIDDEN, PIXELS, uniform),
    },
    images: Float32Array.from({ length: batch * PIXELS }, () => Math.round(255 * Math.max(0, 5 * uniform() - 4)) / 255),
    noise: Float32Array.from({ length: batch * LATENT }, gaussian),
  };
}

/** Weight of a layer as [inputs, outputs]. */
export function transposed({ inputs, outputs, weight }: Linear): Float32Array {
  const result = new Float32Array(weight.length);
  for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) result[i * outputs + o] = weight[o * inputs + i]!;
  return result;
}

/** Multiply-adds of the matrix products of one step times two; no gradient by the images. */
export function flops(batch: number): number {
  const inner = HIDDEN * 2 * LATENT + LATENT * HIDDEN + HIDDEN * PIXELS;
  return 2 * batch * (3 * inner + 2 * PIXELS * HIDDEN);
}
