import { LatentError } from "../../device/errors.ts";
import type { OptionTable, ValuesOf } from "../../formats/options.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { Safetensor } from "../../formats/safetensors.ts";
import type { StepContext, Terms } from "../../nn/objective.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Builder } from "./builder.ts";
import type { PixelDistribution, Posterior, Prior } from "./distribution.ts";
import type { NetworkOptions, NetworkSpec, Standard } from "./network.ts";

/** What an encoder says of images: codes [n, latent], or a distribution over them. */
export type Code = Tensor | Posterior;

/** The codes of images without noise, [n, latent]. */
export const meanOf = (q: Code): Tensor => (q instanceof Tensor ? q : q.mean);

/** q(z|x), where there is one. Throws LatentError("unsupported") where codes are points. */
export function posteriorOf(where: string, q: Code): Posterior {
  if (!(q instanceof Tensor)) return q;
  throw new LatentError("unsupported", `${where}: codes of this model are points, so log p(x) has no bound here.`);
}

/** What every model with codes can do; recipes add what their objective needs. */
export interface Parts<C extends Code = Code> {
  /** x: [n, c, h, w]; labels: [n, classes], where the model has classes. */
  encode(x: Tensor, labels?: Tensor): C;
  /** z: [n, latent], or [..., n, latent] for several codes of each image. */
  decode(z: Tensor, labels?: Tensor): PixelDistribution;
  /** Where codes come from. */
  readonly prior: Prior;
}

/** Images of one step. */
export interface Images {
  /** [n, c, h, w]. */
  readonly x: Tensor;
  /** [n, classes], rows with a single 1, where the model has classes. */
  readonly labels: Tensor | undefined;
}

/** The values of a model's options: those of every network, and those of its own table. */
export type Settings<T extends OptionTable = OptionTable> = NetworkSpec & ValuesOf<T>;

/** Options as a user gives them. */
export type OptionsOf<T extends OptionTable = OptionTable> = NetworkOptions & Partial<ValuesOf<T>>;

/** Parameters that are moved against a term of their own, in the same compiled step: an adversary, a second stage. */
export interface FurtherUpdate {
  /** What their names begin with. */
  readonly of: string;
  /** The term that they minimise. */
  readonly loss: string;
  /** Of its Adam; that of the fit. */
  readonly learningRate?: number;
  /** Of its Adam. */
  readonly betas?: readonly [number, number];
}

/** A distribution of codes that goes into a model's file. */
export interface FittedCodes extends Prior {
  /** For files. */
  readonly tensors: [string, Safetensor][];
  /** Frees its memory on the GPU. */
  dispose(): void;
}

/** A kind of distribution that is fitted to codes, or read from a file. */
export interface CodeDensity {
  /** Fitted to codes [n, latent]. */
  of(where: string, gpu: Gpu, codes: Float32Array, latent: number): FittedCodes;
  /** What a file holds of it, or null. */
  from(where: string, gpu: Gpu, tensors: ReadonlyMap<string, Safetensor>, latent: number): FittedCodes | null;
}

/** A model as one short file says it. */
export interface Recipe<T extends OptionTable, P extends Parts> {
  /** Its name in files and messages. */
  readonly name: string;
  /** Its own options. */
  readonly options: T;
  /** What differs from the usual where nothing is said. */
  readonly standard?: Omit<Standard, "levels">;
  /** Its networks, built under PyTorch's names. */
  parts(build: Builder, options: Settings<T>): P;
  /** The terms of a batch; `loss` is what training minimises. */
  objective(images: Images, parts: P, context: StepContext, options: Settings<T>): Terms;
  /** Parameters with losses of their own. */
  readonly updates?: readonly FurtherUpdate[];
  /** States that a step of training moves by itself, beside the gradients, each with its next value. */
  moves?(images: Images, parts: P, context: StepContext, options: Settings<T>): readonly (readonly [Tensor, Tensor])[];
  /** The weight of the divergence in `elbo`; 1, which makes it a bound on log p(x). */
  klWeight?(options: Settings<T>): number | Tensor;
  /** How many classes its labels have; without it the model takes none. */
  classes?(options: Settings<T>): number;
  /** How many levels of codes it has: `latent` is a number for each. */
  readonly levels?: number;
  /** Numbers of a code, where other options say that. */
  latent?(options: Settings<T>): number;
  /** After a fit: the states of the prior that depend on all training images, of which `codesOf` gives what `encode` says, row by row. */
  fitPrior?(parts: P, codesOf: (encode: (x: Tensor) => Tensor) => Promise<Float32Array>): Promise<void>;
  /** Codes are points without a prior: after a fit, this density is fitted to those of the training images. */
  readonly codes?: CodeDensity;
  /** Names of the layers in files as pytorch/examples has them, where one hidden layer is fully connected. */
  readonly names?: { readonly [name: string]: string };
}

/** fc1, fc21, … are what pytorch/examples calls the layers of a VAE with one hidden layer. */
export const EXAMPLE_NAMES = {
  "encoder.0": "fc1",
  mean: "fc21",
  log_var: "fc22",
  code: "fc2",
  "decoder.0": "fc3",
  output: "fc4",
} as const;
