// Measures: a whole call each, from sets on the device to a number on the CPU.
//
//   parzen    inputs samples, x [n, d]   output log p̂ of each row of x, bandwidth 1
//   nearest   inputs a, b [n, d]         output squared distances of the 5 nearest rows of b, [n, 5]
//   measure   inputs real, generated     output the value; settings.which is its place in MEASURES, whose images are of
//             settings.side² pixels

import { filled, normals } from "../random.ts";
import type { Case, Inputs } from "../workload.ts";
import { sampled } from "./sampled.ts";

/** What is timed by its value: measures of sets of rows, and VAE.logProb, the importance-weighted bound of a decoder. */
export const MEASURES = [
  "frechetDistance",
  "frechetDistanceInfinity",
  "kernelDistance",
  "slicedWasserstein",
  "mind",
  "precisionRecall",
  "densityCoverage",
  "clippedDensityCoverage",
  "topologicalPrecisionRecall",
  "authenticity",
  "realism",
  "rarity",
  "coverageMetric",
  "ndb",
  "nearestNeighbourTest",
  "classifierTest",
  "birthdayParadox",
  "memorisation",
  "mifid",
  "gaussianFit",
  "vendiScore",
  "renyiKernelEntropy",
  "kernelEntropyNovelty",
  "fourierVendi",
  "classScore",
  "modifiedClassScore",
  "modeScore",
  "amScore",
  "frechetLoss",
  "featureLikelihoodDivergence",
  "logLikelihood",
  "compareLikelihoods",
  "classificationPerformance",
  "linearProbe",
  "retrieval",
  "reconstructionError",
  "VAE.logProb",
  "ais",
  "waveletFrechetDistance",
  "imageStatistics",
  "spectrumDistance",
  "ssim",
  "msSsim",
  "psnr",
  "sharpnessDifference",
] as const;

/** Those of images. */
export const OF_IMAGES = /^(wavelet|image|spectrum|ssim|msSsim|psnr|sharpness)/;
/** Those of a decoder, which goes through every row many times. */
const OF_DECODERS = /^(reconstructionError|VAE|ais)/;

const SHIFT = 0.1;
/** Two sets of normal rows whose means are apart. */
function sets(n: number, d: number, names: readonly [string, string]): Inputs {
  const [first, second] = [normals(31), normals(32)];
  return { [names[0]]: filled([n, d], first), [names[1]]: filled([n, d], () => second() + SHIFT) };
}

/** Rows that the check compares at most: each costs a pass over the other set. */
const CHECKED = 64;
function checked(
  found: Float32Array,
  rows: number,
  wide: number,
  expected: (row: number) => ArrayLike<number>,
): number {
  if (found.length !== rows * wide) return NaN;
  const every = Math.ceil(rows / CHECKED);
  const some = Array.from({ length: Math.ceil(rows / every) }, (_, i) => i * every);
  const values = some.flatMap((row) => Array.from(expected(row)));
  const kept = Float32Array.from(some.flatMap((row) => [...found.subarray(row * wide, (row + 1) * wide)]));
  return sampled(kept, values.length, (at) => ({ value: values[at]!, size: Math.abs(values[at]!) }));
}

const squaresTo = (of: Float32Array, rows: Float32Array, j: number, n: number, d: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => {
    let total = 0;
    for (let c = 0; c < d; c++) total += (of[i * d + c]! - rows[j * d + c]!) ** 2;
    return total;
  });

function parzen(n: number, d: number): Case {
  return {
    workload: "parzen",
    size: `${n}×${n}×${d}`,
    settings: { n, d },
    inputs: () => sets(n, d, ["samples", "x"]),
    flops: 2 * n * n * d,
    bytes: 8 * n * d,
    gate: {
      limit: 1e-5,
      error: ({ samples, x }, [[found]]) =>
        checked(found!, n, 1, (j) => {
          const logs = squaresTo(samples!.values, x!.values, j, n, d).map((square) => -square / 2);
          const top = logs.reduce((a, b) => Math.max(a, b));
          const sum = logs.reduce((all, value) => all + Math.exp(value - top), 0);
          return [top + Math.log(sum / n) - (d / 2) * Math.log(2 * Math.PI)];
        }),
    },
  };
}

const NEIGHBOURS = 5;
function nearest(n: number, d: number): Case {
  return {
    workload: "nearest",
    size: `${n}×${n}×${d}, k ${NEIGHBOURS}`,
    settings: { n, d, k: NEIGHBOURS },
    inputs: () => sets(n, d, ["b", "a"]),
    flops: 2 * n * n * d,
    bytes: 8 * n * d,
    gate: {
      limit: 1e-5,
      error: ({ a, b }, [[found]]) =>
        checked(found!, n, NEIGHBOURS, (row) =>
          squaresTo(b!.values, a!.values, row, n, d).sort().subarray(0, NEIGHBOURS),
        ),
    },
  };
}

/** One measure of rows of d numbers, or of images of side². */
export function measure(which: number, n: number, d: number, side = 0): Case {
  return {
    workload: "measure",
    size: `${MEASURES[which]}, ${n}×${side > 0 ? `${side}²` : d}`,
    settings: { which, n, d, side },
    inputs: () => sets(n, d, ["real", "generated"]),
    flops: 0,
    bytes: 8 * n * d,
    // that they are right is for the tests; here a number has to come, which may be ∞: of a support without a pair of equals
    gate: { limit: 0, error: (_inputs, [[found]]) => (Number.isNaN(found![0]!) ? NaN : 0) },
  };
}

export const measures = (software: boolean): Case[] => [
  parzen(software ? 2048 : 10_000, 784),
  nearest(software ? 2048 : 10_000, 64),
  measure(MEASURES.indexOf("mind"), software ? 1000 : 5000, 784),
  ...MEASURES.map((name, which) => {
    if (OF_IMAGES.test(name)) return measure(which, software ? 100 : 1000, 32 * 32, 32);
    return measure(which, OF_DECODERS.test(name) ? 64 : software ? 500 : 10_000, 64);
  }),
];
