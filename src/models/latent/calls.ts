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
  /** Samples in the training set; those of the batch. */
  readonly count?: number;
}

/** Each [n], in nats;  elbo = reconstruction − beta · kl. */
export interface Elbo {
  /** The bound, [n] in nats. */
  readonly elbo: Tensor;
  /** Log-likelihood of the images given their codes, [n] in nats. */
  readonly reconstruction: Tensor;
  /** Divergence of the codes from the prior, [n] in nats. */
  readonly kl: Tensor;
}
