/** What one run of the job found: plain JSON, the source of the table, of report.html and of report.json. */

/** Raised when a field changes its meaning, so that two files are compared only where they can be. */
export const SCHEMA = 2;

export type Preset = "quick" | "full";

/** The adapter as WebGPU describes it; `software` is a CPU that plays GPU. */
export interface AdapterReport {
  vendor: string;
  architecture: string;
  description: string;
  software: boolean;
}

export interface DataReport {
  name: string;
  train: number;
  test: number;
  /** of one image: [channels, height, width] */
  shape: number[];
  /** How bytes became numbers, in words. */
  pixels: string;
}

/** Mean log-density of test images in nats per image. It depends on the pixel scale, which is therefore always said. */
export interface LogDensity {
  value: number;
  /** The same on training images: a much higher one would be overfitting. */
  train: number;
  /** (784·ln 256 − value) / (784·ln 2): bits for each pixel of 256 grey levels; lower is better. */
  bitsPerPixel: number;
  n: number;
  /** Scale, dequantisation and regularisation, in words. */
  scale: string;
}

/** What a decoder was trained on, in nats per test image: lower is better. Not a likelihood on grey pixels. */
export interface DecoderLoss {
  /** cross-entropy plus divergence */
  value: number;
  /** cross-entropy of the pixels, BCE */
  reconstruction: number;
  /** KL of the code's posterior from N(0, I); absent where codes are points */
  kl?: number;
  n: number;
}

/** A number with limits that hold the true one at 95 %, where a formula gives them. */
export interface Measured {
  readonly value: number;
  readonly interval?: readonly [low: number, high: number];
}

/** Value and limits of a score. */
export const measured = ({
  value,
  interval,
}: {
  readonly value: number;
  readonly interval?: Measured["interval"] | undefined;
}): Measured => ({ value, ...(interval ? { interval } : {}) });

/** What a measure found of n images, beside referenceN training images where it compares. A Fréchet distance's limits are about its value less its bias. */
export interface ScoreReport extends Measured {
  readonly n: number;
  readonly referenceN?: number;
}

/** The measures of every set of images, on the features and class probabilities of the report's network. */
export interface Scores {
  frechetDistance: ScoreReport;
  kernelDistance: ScoreReport;
  classScore: ScoreReport;
  precision: ScoreReport;
  recall: ScoreReport;
  authenticity: ScoreReport;
}

export interface ModelReport {
  key: string;
  name: string;
  /** One sentence: structure, settings, what its samples are. */
  about: string;
  parameters: number;
  /** of fitting, without compiling the other stages */
  seconds: number;
  logDensity?: LogDensity;
  loss?: DecoderLoss;
  scores?: Scores;
}

/** The network whose features and class probabilities the scores are made of. */
export interface NetworkReport {
  name: string;
  /** CRC-32 of its weights. */
  checksum: string;
  parameters: number;
  features: number;
  /** Of classifying n test images. */
  accuracy: number;
  n: number;
}

/** Points [x, y] of one line. */
export interface Series {
  name: string;
  /** "test" lines are drawn strong with a dot at each point, "train" lines thin; "points" are dots alone. */
  role: "train" | "test" | "points";
  points: [number, number][];
}

export interface Curve {
  key: string;
  title: string;
  x: string;
  y: string;
  series: Series[];
}

/** Eigenvalues of the covariance of the training pixels in [0, 1], largest first. */
export interface Spectrum {
  values: number[];
  /** How many directions hold 50, 90, 95 and 99 % of the variance. */
  shares: { share: number; directions: number }[];
  /** Pixels that never change in the training images. */
  constantPixels: number;
  n: number;
}

/** A PNG, base64, and what it shows. In report.json `file` stands in the place of `png`. */
export interface PictureReport {
  key: string;
  caption: string;
  width: number;
  height: number;
  png: string;
}

export interface Report {
  schema: typeof SCHEMA;
  tool: "latentgpu";
  version: string;
  /** ISO 8601, start of the run */
  date: string;
  preset: Preset;
  seed: number;
  /** of the whole job, data to pictures */
  seconds: number;
  adapter: AdapterReport;
  browser: string;
  data: DataReport;
  network: NetworkReport;
  /** The same measures on real test images: what a perfect model would get with as many samples. */
  floor: Scores;
  models: ModelReport[];
  curves: Curve[];
  spectrum: Spectrum;
  pictures: PictureReport[];
}
