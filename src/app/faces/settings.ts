/** How much of everything a preset does. */
export interface FaceSettings {
  /** Width and height of an image in pixels. */
  readonly width: number;
  readonly trainImages: number;
  readonly testImages: number;
  /** Samples of each model that are scored. */
  readonly samples: number;
  /** Directions of the Gaussian. */
  readonly rank: number;
  readonly mixture: { readonly components: number; readonly rank: number; readonly maxIterations: number };
  readonly vae: {
    /** Channels of its convolutions, each of which halves width and height. */
    readonly hidden: readonly number[];
    readonly latent: number;
    readonly epochs: number;
    readonly batch: number;
    /** Of the first step; it falls to 0 along half a cosine. */
    readonly learningRate: number;
  };
  /** Test images whose log p(x) under the VAE is bounded by importance weights, and draws for each. */
  readonly boundImages: number;
  readonly boundSamples: number;
}

/** "quick" takes a CPU that plays GPU half an hour; "full" is for GPUs. */
export const facePresets: { readonly [preset in "quick" | "full"]: FaceSettings } = {
  quick: {
    width: 64,
    trainImages: 3000,
    testImages: 250,
    samples: 250,
    rank: 64,
    mixture: { components: 12, rank: 12, maxIterations: 12 },
    vae: { hidden: [16, 32, 64, 128], latent: 32, epochs: 10, batch: 50, learningRate: 2e-3 },
    boundImages: 100,
    boundSamples: 20,
  },
  full: {
    width: 64,
    trainImages: 20_000,
    testImages: 5000,
    samples: 5000,
    rank: 128,
    mixture: { components: 30, rank: 16, maxIterations: 60 },
    vae: { hidden: [32, 64, 128, 256], latent: 64, epochs: 40, batch: 64, learningRate: 1e-3 },
    boundImages: 1000,
    boundSamples: 200,
  },
};

/** Added to the diagonal of every covariance: variances of pixels in [0, 1], so a standard deviation of a hundredth. */
export const REGULARIZATION = 1e-4;
