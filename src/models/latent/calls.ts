import type { LongCall } from "../../formats/call.ts";
import type { Tensor } from "../../graph/tensor.ts";

/** Class numbers of images, where a model has classes. */
export type Labels = ArrayLike<number> | Tensor;

/** What a call on images may be told. */
export interface ImageOptions {
  /** A class for each image, where the model has classes. */
  readonly labels?: Labels;
}

/** What a call that draws may be told. */
export interface DrawOptions extends ImageOptions {
  /** Where its random numbers start; 0. */
  readonly seed?: number;
  /** Draws of another step are independent; 0. */
  readonly step?: Tensor | number;
}

/** How samples are drawn. */
export interface SampleOptions extends DrawOptions {
  /** Draws from p(x|z) instead of its means. */
  readonly draw?: boolean;
}

/** What the terms of a batch depend on. */
export interface TermsOptions extends DrawOptions {
  /** Numbers in place of drawn ones: by name, or one tensor for z. */
  readonly noise?: Tensor | { readonly [name: string]: Tensor };
  /** Samples in the training set: of terms that depend on it, as `BetaTCVAE`'s do. */
  readonly count?: number;
}

/**
 * Each [n], in nats;  elbo = reconstruction − kl ≤ log p(x) in the mean over draws, whatever training weighs. That of `VAE` counts kl `beta`
 * times, as its loss does after the warm-up: a bound where beta ≥ 1.
 */
export interface Elbo {
  /** The bound, [n] in nats. */
  readonly elbo: Tensor;
  /** Log-likelihood of the images given their codes, [n] in nats. */
  readonly reconstruction: Tensor;
  /** Divergence of the codes from the prior, [n] in nats. */
  readonly kl: Tensor;
}

/** How the likelihood of a decoder is estimated. */
export interface AisOptions extends ImageOptions, LongCall {
  /** Chains of each image; 16. */
  readonly chains?: number;
  /** Points of the schedule from 0 to 1; 1000. */
  readonly temperatures?: number;
  /** Leapfrog steps of each move; 10. */
  readonly leapfrogs?: number;
  /** Where chains start: codes of the prior (the default), or of q(z|x). */
  readonly start?: "prior" | "posterior";
  /** Where random numbers start; 0. */
  readonly seed?: number;
}

/** Estimates of log p(x), and what they depend on. */
export interface Ais {
  /** Of each image, in nats: a bound from below in expectation, which rises to log p(x). */
  readonly logProb: Float64Array;
  /** Standard error of each, from the spread of its chains' weights. */
  readonly deviations: Float64Array;
  /** Chains of each image. */
  readonly chains: number;
  /** Points of the schedule. */
  readonly temperatures: number;
  /** Leapfrog steps of each move. */
  readonly leapfrogs: number;
  /** Where chains started. */
  readonly start: "prior" | "posterior";
  /** Share of moves that were taken towards the end; the step is adapted so that it comes to 0.65. */
  readonly acceptance: number;
  /** The last size of a leapfrog step. */
  readonly stepSize: number;
  /** Where random numbers started. */
  readonly seed: number;
}
