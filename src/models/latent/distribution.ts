import type { Draw } from "../../data/streams.ts";
import type { Shape } from "../../graph/dtype.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Parameters } from "../../nn/parameters.ts";

/** Says how likely samples are, and draws new ones. */
export interface Distribution {
  /** The shape of one sample. */
  readonly shape: Shape;
  /** What may be learnt of it, by PyTorch's names. */
  readonly parameters: Parameters;
  /** log p(x) in nats: x [..., …shape] → [...]. */
  logProb(x: Tensor): Tensor;
  /** `n` samples [n, …shape]. */
  sample(n: number, draw: Draw): Tensor;
}

/** p(z): where codes come from. */
export interface Prior extends Distribution {
  /** Its file, where it has one that `load` reads. */
  save?(): Promise<Uint8Array<ArrayBuffer>>;
}

/** q(z|x) for each image of a batch. */
export interface Posterior {
  /** Mean codes, [n, latent]. */
  readonly mean: Tensor;
  /** A code for each image, [n, latent], or `draws` of them, [...draws, n, latent]; gradients reach the encoder. */
  sample(draw: Draw, draws?: number | readonly number[]): Tensor;
  /** Whether a draw may be given as standard normal numbers of the codes' shape. */
  readonly takesNormal?: boolean;
  /** Whether each image has one code, and log q(z|x) is that of a discrete choice, 0: such codes have no density. */
  readonly isPoint?: boolean;
  /** log q(z|x) in nats: z [..., n, latent] → [..., n]. */
  logProb(z: Tensor): Tensor;
  /** KL(q(z|x) ‖ prior) in nats, [n]: in closed form where there is one, else log q(z|x) − log p(z) at the codes `z` [n, latent]. */
  klTo(prior: Prior, z: Tensor): Tensor;
}

/** p(x|z) for each code of a batch. */
export interface PixelDistribution {
  /** Mean images, [n, channels, height, width]. */
  readonly mean: Tensor;
  /** log p(x|z) in nats, [n], summed over pixels. */
  logProb(x: Tensor): Tensor;
  /** Images drawn from p(x|z). */
  draw(draw: Draw): Tensor;
}

/** What a decoder's output says about pixels. */
export interface Likelihood {
  /** Numbers that the decoder gives for each value of an image: 1, or 2 where it says the variance as well. */
  readonly outputs: number;
  /** What training moves of it. */
  readonly parameters?: Parameters;
  /** Pixels that it can score; every finite number where nothing is said. */
  readonly range?: readonly [low: number, high: number];
  /** output: [n, outputs · channels, height, width]. */
  at(output: Tensor): PixelDistribution;
}
