// Every measure, and what it takes: the table of measures-arguments.test.ts.
import type { Gpu, Tensor } from "../src/index.ts";
import * as all from "../src/index.ts";
import { uniform } from "./oracles/networks.ts";

/** What each measure takes, by position. */
export interface Row {
  readonly sets: readonly string[];
  readonly given: (gpu: Gpu) => readonly unknown[];
  readonly options?: object;
  /** Options under which random choices are made, or not. */
  readonly seeded?: { readonly with?: object; readonly without?: object };
  /** Fewest rows, and what is said of fewer. */
  readonly few?: RegExp;
  /** Whether its sets are rows of one width. */
  readonly paired?: boolean;
  /** The value of a set against itself, and the options that it takes. */
  readonly self?: number | { readonly value: number; readonly with: object };
  /** Options under which the order of rows is nothing; null where random choices go by a row's place. */
  readonly anyOrder?: object | null;
}

export const normal = (gpu: Gpu, name: string, ...shape: number[]): Tensor =>
  gpu.tensor(
    uniform(
      name,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
export const shares = (gpu: Gpu, n: number): Tensor => {
  const x = uniform("shares", 3 * n).map((value) => value + 0.6);
  return gpu.tensor(
    x.map(
      (value, at) =>
        value / (x[3 * Math.floor(at / 3)]! + x[3 * Math.floor(at / 3) + 1]! + x[3 * Math.floor(at / 3) + 2]!),
    ),
    [n, 3],
  );
};
export const pair: Row = {
  sets: ["real", "generated"],
  given: (gpu) => [normal(gpu, "real", 12, 4), normal(gpu, "generated", 11, 4)],
  paired: true,
};
const images: Row = {
  sets: ["real", "generated"],
  given: (gpu) => [normal(gpu, "real", 3, 1, 16, 16), normal(gpu, "generated", 3, 1, 16, 16)],
};
const single: Row = { sets: ["generated"], given: (gpu) => [normal(gpu, "generated", 11, 4)] };
const classes: Row = { sets: ["generated"], given: (gpu) => [shares(gpu, 9)] };
const withTrain: Row = { sets: ["generated", "train"], given: (gpu) => [shares(gpu, 9), [0.2, 0.3, 0.5]] };
const density = { score: () => Promise.resolve(-3), logProb: (x: Tensor) => all.sum(x, 1) };
const annealed = { ais: (x: Tensor) => Promise.resolve({ logProb: new Float64Array(x.shape[0]!), acceptance: 0.6 }) };
export const none = {
  name: "none",
  detect: (x: Tensor) => Promise.resolve(Array.from({ length: x.shape[0]! }, () => [])),
};

export const rows: { readonly [measure: string]: Row } = {
  frechetDistance: { ...pair, few: /at least 2 in each set; got 1/, self: 0 },
  frechetDistanceInfinity: { ...pair, options: { points: [5, 8, 11] }, seeded: { with: {} }, anyOrder: null },
  waveletFrechetDistance: { ...images, options: { level: 1 }, few: /at least 2 in each set; got 1/, self: 0 },
  mifid: { ...pair, few: /at least 2 in each set; got 1/, self: 0 },
  kernelDistance: {
    ...pair,
    self: { value: 0, with: { estimator: "biased" } },
    few: /at least 2 in each set; got 1/,
    seeded: { without: { kernel: "rbf", sigma: 1 }, with: { subsets: 2, subsetSize: 4 } },
  },
  slicedWasserstein: { ...pair, options: { projections: 4 }, seeded: { with: {} }, self: 0 },
  mind: { ...pair, self: 0, seeded: { with: { projections: 4 }, without: { directions: [[1, 0, 0, 0]] } } },
  precisionRecall: { ...pair, self: 1, few: /k below the 1 rows.*got 3/ },
  densityCoverage: { ...pair, options: { k: 2 }, self: 1.5, few: /k below the 1 rows.*got 2/ },
  clippedDensityCoverage: { ...pair, options: { k: 2 }, self: 1, few: /at least k = 2 generated rows; got 1/ },
  topologicalPrecisionRecall: {
    ...pair,
    seeded: { with: {}, without: { repeats: 0 } },
    self: { value: 1, with: { repeats: 0 } },
    anyOrder: { repeats: 0 },
  },
  authenticity: { ...pair, self: 0, few: /k below the 1 rows.*got 1/ },
  realism: { ...pair, self: Infinity, few: /k below the 1 rows.*got 3/ },
  rarity: { ...pair, few: /k below the 1 rows.*got 3/ },
  classScore: { ...classes, seeded: { without: {}, with: { splits: 3 } } },
  modifiedClassScore: { ...classes, seeded: { with: {}, without: { interval: false } } },
  modeScore: withTrain,
  amScore: withTrain,
  logLikelihood: { sets: ["model", "x"], given: (gpu) => [density, normal(gpu, "x", 9, 4)] },
  compareLikelihoods: {
    sets: ["modelA", "modelB", "x"],
    given: (gpu) => [density, { ...density, logProb: (x: Tensor) => all.mean(x, 1) }, normal(gpu, "x", 9, 4)],
    few: /at least 2; got 1/,
  },
  ais: { sets: ["model", "x"], given: (gpu) => [annealed, normal(gpu, "x", 9, 4)], seeded: { with: {} } },
  parzen: { ...pair, sets: ["samples", "x"], options: { bandwidth: 0.3 }, seeded: { without: { bandwidth: "scott" } } },
  gaussianFit: { ...pair, sets: ["samples", "x"] },
  coverageMetric: { ...pair, options: { bandwidth: 1 } },
  ndb: {
    ...pair,
    self: 0,
    anyOrder: {
      centres: [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
      ],
    },
    seeded: {
      with: { bins: 2 },
      without: {
        centres: [
          [0, 0, 0, 0],
          [1, 0, 0, 0],
        ],
      },
    },
    options: { bins: 2 },
  },
  nearestNeighbourTest: { ...pair, self: 0 },
  classifierTest: { ...pair, seeded: { with: {} }, anyOrder: null, few: /at least 4 in each set; got 1/ },
  classificationPerformance: {
    sets: ["generated", "generatedLabels", "real", "realLabels"],
    given: (gpu) => [normal(gpu, "g", 4, 2), [0, 1, 0, 1], normal(gpu, "r", 4, 2), [1, 0, 1, 0]],
  },
  linearProbe: {
    sets: ["codes", "labels", "test", "testLabels"],
    given: (gpu) => [normal(gpu, "g", 4, 2), [0, 1, 0, 1], normal(gpu, "r", 4, 2), [1, 0, 1, 0]],
  },
  retrieval: {
    sets: ["codes", "labels", "queries", "queryLabels"],
    given: (gpu) => [normal(gpu, "g", 4, 2), [0, 1, 0, 1], normal(gpu, "r", 4, 2), [1, 0, 1, 0]],
    options: { k: 2 },
  },
  birthdayParadox: { ...single, few: /at least 2; got 1/ },
  memorisation: { ...pair, sets: ["train", "generated"], few: /k below the 1 rows.*got 1/ },
  featureLikelihoodDivergence: {
    sets: ["train", "test", "generated"],
    given: (gpu) => ["train", "test", "generated"].map((name) => normal(gpu, name, 6, 2)),
    options: { steps: 2 },
    paired: true,
    // without given widths, its baseline takes the first half of the training rows
    anyOrder: { logVariances: [0.1, 0.1, 0.1, 0.1, 0.1, 0.1] },
  },
  vendiScore: single,
  renyiKernelEntropy: { ...single, options: { sigma: 1 } },
  kernelEntropyNovelty: { ...pair, options: { sigma: 1 } },
  fourierVendi: {
    ...single,
    options: { count: 4 },
    seeded: { with: { count: 4 } },
  },
  reconstructionError: {
    sets: ["x", "generator"],
    given: (gpu) => [normal(gpu, "x", 3, 2), (z: Tensor) => z],
    options: { latent: 2, steps: 2 },
    seeded: { with: { latent: 2, steps: 2 } },
    anyOrder: null,
  },
  ssim: { ...images, self: 1 },
  msSsim: { ...images, self: 1 },
  psnr: { ...images, self: Infinity },
  sharpnessDifference: { ...images, self: Infinity },
  imageStatistics: { ...images, self: 0, seeded: { with: {}, without: { interval: false } } },
  spectrumDistance: { ...images, self: 0, seeded: { with: {}, without: { interval: false } } },
  detectionRate: { sets: ["images", "detector"], given: (gpu) => [normal(gpu, "x", 2, 1, 8, 8), none] },
};
