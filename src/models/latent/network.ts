import { check } from "../../device/errors.ts";
import { whole } from "../../formats/options.ts";
import type { Layer } from "../../nn/layer.ts";
import type { Distribution, Prior } from "./distribution.ts";
import { checkLikelihood, type LikelihoodOptions } from "./likelihood/named.ts";
import { type Density, fittedPrior } from "./prior.ts";

/** [channels, height, width]. */
export type Image = readonly [number, number, number];

/** Layers of one's own: images [n, c, h, w] to features [n, …], and codes [n, latent] to images. */
export interface OwnLayers {
  /** Gives features of images; the heads of the code come after it. */
  readonly encoder: Layer;
  /** Gives the likelihood's output for codes: [n, channels, height, width], or [n, pixels]. */
  readonly decoder: Layer;
}

/** What every model of images with codes is made from. */
export interface NetworkOptions extends LikelihoodOptions {
  /** [channels, height, width] of an image. */
  readonly image: Image;
  /** "mlp" (the default), "conv", "residual", or layers of your own. */
  readonly encoder?: "mlp" | "conv" | "residual" | OwnLayers;
  /** Widths of the hidden layers of the encoder, the decoder's being the same in reverse; channels for "conv" and "residual". 400; [32, 64]. */
  readonly hidden?: number | readonly number[];
  /** Dimensions of the code; 20. A list where a model has several levels of codes. */
  readonly latent?: number | readonly number[];
  /** Where codes come from; N(0, I). A distribution, or a Gaussian or mixture fitted to codes. */
  readonly prior?: Distribution | Density;
  /** Of the initial weights; 0. */
  readonly seed?: number;
}

export const networkOptionNames = "image encoder hidden latent likelihood variance scale prior seed".split(
  " ",
) as (keyof NetworkOptions)[];

/** The options with their defaults. */
export interface NetworkSpec extends LikelihoodOptions {
  /** [channels, height, width] of an image. */
  readonly image: Image;
  /** Which network encodes. */
  readonly encoder: "mlp" | "conv" | "residual" | OwnLayers;
  /** Sizes of the hidden layers. */
  readonly hidden: readonly number[];
  /** Numbers of a code, all levels together. */
  readonly latent: number;
  /** Numbers of each level's code, where there are several. */
  readonly levels?: readonly number[];
  /** Where codes come from, where that was said. */
  readonly prior?: Prior;
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed: number;
}

const isSize = (n: unknown) => Number.isInteger(n) && (n as number) > 0;

/** What differs from the usual where nothing is said. */
export interface Standard extends LikelihoodOptions {
  /** Dimensions of the code. */
  readonly latent?: number | readonly number[];
  /** Widths of the hidden layers. */
  readonly hidden?: readonly number[];
  /** How many levels of codes there are. */
  readonly levels?: number;
}

/** Checks options and fills in defaults. Throws LatentError("argument") naming what is unknown or out of range. */
export function networkSpec(
  where: string,
  options: NetworkOptions,
  { levels, ...standard }: Standard = {},
): NetworkSpec {
  check(
    options !== undefined && options !== null,
    "argument",
    where,
    () => "options are missing. Expected { image: [channels, height, width], … }; got none.",
  );
  const { image, encoder = "mlp", latent = standard.latent ?? 20, seed = 0, prior } = options;
  check(
    Array.isArray(image) && image.length === 3 && image.every(isSize),
    "argument",
    where,
    () => `expected image [channels, height, width], whole and > 0; got ${JSON.stringify(image)}.`,
  );
  const isOwn = typeof encoder === "object" && encoder !== null;
  check(
    isOwn
      ? typeof encoder.encoder?.forward === "function" && typeof encoder.decoder?.forward === "function"
      : ["mlp", "conv", "residual"].includes(encoder),
    "argument",
    where,
    () =>
      `expected encoder "mlp", "conv", "residual" or { encoder: Layer, decoder: Layer }; got ${JSON.stringify(encoder)}.`,
  );
  const { hidden = standard.hidden ?? (encoder === "mlp" ? [400] : [32, 64]) } = options;
  const widths = typeof hidden === "number" ? [hidden] : Array.isArray(hidden) ? [...(hidden as number[])] : [];
  check(
    (widths.length > 0 || (Array.isArray(hidden) && (encoder === "mlp" || isOwn))) && widths.every(isSize),
    "argument",
    where,
    () => `expected hidden widths that are whole and > 0; got ${JSON.stringify(hidden)}.`,
  );
  whole(0).read(where, "seed", seed);
  const sizes = typeof latent === "number" ? [latent] : latent;
  check(
    (typeof latent === "number") === (levels === undefined) && sizes.length === (levels ?? 1) && sizes.every(isSize),
    "argument",
    where,
    () => `expected latent ${levels ? `[${levels} numbers], ` : ""}whole and > 0; got ${JSON.stringify(latent)}.`,
  );
  const total = sizes.reduce((a, b) => a + b);
  const { likelihood = standard.likelihood ?? "bernoulli", variance = standard.variance, scale } = options;
  checkLikelihood(where, {
    likelihood,
    ...(variance === undefined ? {} : { variance }),
    ...(scale === undefined ? {} : { scale }),
  });
  return {
    image: [...image] as unknown as Image,
    encoder,
    hidden: widths,
    latent: total,
    ...(levels ? { levels: sizes } : {}),
    likelihood,
    ...(variance === undefined ? {} : { variance }),
    ...(scale === undefined ? {} : { scale }),
    ...(prior === undefined ? {} : { prior: fittedPrior(where, [total], prior) }),
    seed,
  };
}
