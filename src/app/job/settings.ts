import type { Preset } from "../report.ts";

export type ModelKey = "gaussian" | "mixture" | "full-mixture" | "autoencoder" | "vae" | "conv-vae";

/** How much of everything a preset does. */
export interface Settings {
  /** Images used, from the first; all if absent. */
  trainImages?: number;
  testImages?: number;
  batch: number;
  learningRate: number;
  vaeEpochs: number;
  autoEncoderEpochs: number;
  components: number;
  mixtureIterations: number;
  /** Samples of each model that are scored, and real test images of the floor. */
  samples: number;
  /** Training images whose features the samples are compared with. */
  reference: number;
  /** Images of each set whose pairs are compared: for precision, recall and the like. */
  paired: number;
  /** Images in a grid of samples. */
  grid: number;
  /** The models that take part, in this order. */
  models: readonly ModelKey[];
}

/** "quick" fits a CPU that plays GPU into minutes; "full" is for GPUs. */
export const presets: { readonly [name in Preset]: Settings } = {
  quick: {
    batch: 128,
    learningRate: 1e-3,
    vaeEpochs: 3,
    autoEncoderEpochs: 2,
    components: 20,
    mixtureIterations: 12,
    samples: 5000,
    reference: 10000,
    paired: 1000,
    grid: 64,
    models: ["gaussian", "mixture", "autoencoder", "vae"],
  },
  full: {
    batch: 128,
    learningRate: 1e-3,
    vaeEpochs: 10,
    autoEncoderEpochs: 10,
    components: 20,
    mixtureIterations: 60,
    samples: 10000,
    reference: 60000,
    paired: 10000,
    grid: 64,
    models: ["gaussian", "mixture", "full-mixture", "autoencoder", "vae", "conv-vae"],
  },
};

/** Width of the codes and of the hidden layer of the multi-layer perceptrons. */
export const LATENT = 20;
export const HIDDEN = 400;

/** Added to the diagonal of every covariance: variances in [0, 1] pixels, so a standard deviation of a hundredth. */
export const REGULARIZATION = 1e-4;
