/** How the models of the page are trained: small enough to load at once, long enough that digits look like digits. */
export interface StudioSettings {
  readonly seed: number;
  /** Training images, from the first. */
  readonly trainImages: number;
  readonly vae: {
    readonly hidden: number;
    readonly latent: number;
    /** Weight of the divergence: above 1 codes fill their space as N(0, I) does, and places between digits mean something. */
    readonly beta: number;
    readonly epochs: number;
    readonly batch: number;
    /** Of the first step; it falls to 0 along half a cosine. */
    readonly learningRate: number;
  };
  readonly gaussian: { readonly rank: number };
  readonly mixture: {
    readonly components: number;
    readonly rank: number;
    readonly maxIterations: number;
    /** Training images of EM, from the first. */
    readonly trainImages: number;
  };
  /** Test images, from the first, by which the files are scored. */
  readonly scoredImages: number;
  /** Test images whose codes are points of the plane. */
  readonly points: number;
  /** Test images that are pictures, the first of the points: a sheet of columns × columns. */
  readonly sheetColumns: number;
}

export const studioSettings: StudioSettings = {
  seed: 1,
  trainImages: 60_000,
  vae: { hidden: 160, latent: 10, beta: 4, epochs: 4, batch: 128, learningRate: 3e-3 },
  gaussian: { rank: 48 },
  mixture: { components: 10, rank: 16, maxIterations: 15, trainImages: 12_000 },
  scoredImages: 1000,
  points: 3000,
  sheetColumns: 32,
};

/** Draws of a code for each image in the VAE's bound on log p(x). */
export const BOUND_SAMPLES = 20;

/** Added to every variance: pixels that never change have none of their own. */
export const REGULARIZATION = 1e-4;
