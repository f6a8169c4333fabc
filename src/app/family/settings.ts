import type { Digits } from "../../features/digits.ts";
import type { ModelName } from "../familyModels.ts";

/** How much of everything a preset does. */
export interface FamilySettings {
  /** Images used, from the first. */
  readonly trainImages: number;
  readonly testImages: number;
  readonly epochs: number;
  readonly batch: number;
  /** Of the first step; it falls to 0 along half a cosine. */
  readonly learningRate: number;
  /** Units of the one hidden layer of encoder and decoder. */
  readonly hidden: number;
  /** Numbers of a code. */
  readonly latent: number;
  /** Pseudo-inputs of the VampPrior. */
  readonly pseudoInputs: number;
  /** Test images whose log p(x) is bounded by importance weights, and draws for each. */
  readonly boundImages: number;
  readonly boundSamples: number;
  /** Samples of each model that are scored, and training images that kernel distance, precision and recall compare them with. */
  readonly samples: number;
  /** Training codes that mixtures, neighbours and the linear classifier see. */
  readonly codes: number;
  /** Steps over which divergences of two levels, of the VampPrior and of classes come in. */
  readonly warmup: number;
}

/** "quick" fits a CPU that plays GPU into about half an hour; "full" is for GPUs. */
export const familyPresets: { readonly [preset in "quick" | "full"]: FamilySettings } = {
  quick: {
    trainImages: 5000,
    testImages: 1000,
    epochs: 4,
    batch: 50,
    learningRate: 5e-3,
    hidden: 160,
    latent: 10,
    pseudoInputs: 50,
    boundImages: 100,
    boundSamples: 50,
    samples: 1000,
    codes: 3000,
    warmup: 50,
  },
  full: {
    trainImages: 60_000,
    testImages: 10_000,
    epochs: 20,
    batch: 128,
    learningRate: 1e-3,
    hidden: 400,
    latent: 20,
    pseudoInputs: 300,
    boundImages: 1000,
    boundSamples: 500,
    samples: 10_000,
    codes: 20_000,
    warmup: 940,
  },
};

/** How one model takes part. */
export interface Member {
  readonly name: ModelName;
  /**
   * "binary": pixels drawn as 0 or 1, anew in every step, test images once. All such numbers are likelihoods of the same images and can
   * be compared. "grey": pixels as they are, for densities of pixels and squared errors.
   */
  readonly pixels: "binary" | "grey";
  /** Options that differ from the model's own. */
  readonly options: { readonly [option: string]: unknown };
  /** Whether codes are numbers that a Gaussian mixture can describe. */
  readonly continuous: boolean;
  /** Whether p(x|z) was trained, so that a bound on log p(x) says something. */
  readonly bounded: boolean;
  /** What a reader of its row should know. */
  readonly note?: string;
}

/** Images of the layers that DFCVAE compares: what its options cannot hold as text. */
export const FEATURES = "convolutions of digits-v1";

const binary = { pixels: "binary", continuous: true, bounded: true } as const;
const grey = { ...binary, pixels: "grey" } as const;
const points = { ...grey, bounded: false } as const;

/** The models in the order of the table, with options that facts of their papers, or of trials at this size, suggest. */
export function members({ hidden, latent, pseudoInputs: components, warmup }: FamilySettings): Member[] {
  const levels = { latent: [latent, latent / 2], warmup };
  return [
    { name: "AutoEncoder", ...binary, bounded: false, options: {} },
    { name: "VAE", ...binary, options: {} },
    { name: "ConditionalVAE", ...binary, options: { classes: 10 }, note: "bounds are of log p(x given class)" },
    { name: "BetaVAE", ...binary, options: { type: "H", beta: 4 } },
    { name: "BetaTCVAE", ...binary, options: { beta: 6 } },
    { name: "FactorVAE", ...binary, options: { gamma: 6.4 } },
    { name: "DIPVAE", ...binary, options: { type: "II", offDiagonal: 10, diagonal: 10 } },
    { name: "InfoVAE", ...binary, options: { alpha: 0.5, lambda: 100 } },
    { name: "IWAE", ...binary, options: { samples: 5, gradient: "dreg" } },
    { name: "MIWAE", ...binary, options: { groups: 2, samples: 3 } },
    { name: "HVAE", ...binary, options: levels },
    { name: "LVAE", ...binary, options: { ...levels, hidden: [hidden, hidden / 2] } },
    { name: "VampVAE", ...binary, options: { components, warmup } },
    { name: "GammaVAE", ...binary, options: {} },
    { name: "CategoricalVAE", ...binary, continuous: false, options: { variables: 20, classes: 10, annealRate: Math.LN2 / (4 * warmup), warmup } },
    { name: "JointVAE", ...binary, continuous: false, options: { latent: 10, gamma: 10, categoricalGamma: 10, maxCapacity: 15, maxCategoricalCapacity: 2, capacitySteps: 2 * warmup } },
    { name: "VQVAE", ...binary, continuous: false, options: { likelihood: "bernoulli", ema: true } },
    { name: "DFCVAE", ...binary, options: { features: FEATURES, perceptualWeight: 5 }, note: "trained on digits-v1, so its distances there flatter it" },
    { name: "MSSIMVAE", ...grey, bounded: false, options: {} },
    { name: "LogCoshVAE", ...grey, options: {} },
    { name: "SigmaVAE", ...grey, options: { variance: "learned" } },
    { name: "TwoStageVAE", ...grey, options: {} },
    { name: "WAE", ...points, options: {} },
    { name: "SWAE", ...points, options: {} },
    { name: "RAE", ...points, options: { embeddingWeight: 1e-2, weight: 1e-4 } },
  ]; // prettier-ignore
}

/** All options of a model, those that text cannot hold included. */
export function optionsOf(
  { options }: Member,
  { hidden, latent }: FamilySettings,
  seed: number,
  digits: Digits,
): object {
  const isFixed = "variables" in options || "ema" in options;
  const given = { image: [1, 28, 28], hidden, ...(isFixed ? {} : { latent }), ...options, seed };
  return options["features"] === FEATURES ? { ...given, features: digits.maps.bind(digits) } : given;
}
