import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as all from "../src/index.ts";
import type { Gpu, Tensor } from "../src/index.ts";
import type { Anything } from "./mistakes/mistake.ts";
import { grid, SIZES, wideLabels, wideRows, wideShares } from "./oracles/wide.ts";
import { openShared } from "./helpers.ts";

type Numbers = { readonly [part: string]: number | readonly number[] };
const oracle = JSON.parse(readFileSync(new URL("oracles/wide.json", import.meta.url), "utf8")) as {
  readonly [d: string]: { readonly [measure: string]: Numbers };
};
const [N, M] = [SIZES.real, SIZES.generated];

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** The sets of one width. */
interface Sets {
  readonly d: number;
  readonly real: Tensor;
  readonly generated: Tensor;
  readonly heldOut: Tensor;
  readonly expected: { readonly [measure: string]: Numbers };
}

const table = (values: Float64Array, width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, i) => [...values.subarray(i * width, (i + 1) * width)]);
const standard = (scale: number) => ({
  score: () => Promise.resolve(NaN),
  logProb: (x: Tensor) =>
    all.sub(all.mul(all.sum(all.square(x), 1), -0.5 / scale), (x.shape[1]! / 2) * Math.log(2 * Math.PI * scale)),
});
const off = { interval: false };

/** Each measure as wide.py has it: a result with the parts that its numbers name. */
const calls: { readonly [measure: string]: (sets: Sets) => Promise<unknown> } = {
  frechetDistance: ({ real, generated }) => all.frechetDistance(real, generated, off),
  frechetDistanceInfinity: ({ expected }) =>
    all.frechetDistanceInfinity({ n: [61, 101, M], values: expected.frechetDistanceInfinity!.values }),
  frechetLoss: async ({ real, generated }) => {
    const loss = all.frechetLoss(generated, await all.Moments.of(real));
    const [slope] = all.grad(loss, [generated]);
    const values = (await slope.read()) as Float32Array;
    return {
      value: await loss.item(),
      norm: Math.sqrt(values.reduce((total, value) => total + value * value, 0)),
      first: [...values.subarray(0, 5)],
    };
  },
  mifid: ({ real, generated }) => all.mifid(real, generated, off),
  kernelDistance: ({ real, generated }) => all.kernelDistance(real, generated),
  "kernelDistance rbf": ({ real, generated }) => all.kernelDistance(real, generated, { kernel: "rbf", sigma: 1.5 }),
  slicedWasserstein: ({ d, real, generated }) =>
    all.slicedWasserstein(real, generated, { ...off, directions: directions(d) }),
  mind: ({ d, real, generated }) => all.mind(real, generated, { ...off, directions: directions(d) }),
  precisionRecall: ({ real, generated }) => all.precisionRecall(real, generated, off),
  densityCoverage: ({ real, generated }) => all.densityCoverage(real, generated, off),
  clippedDensityCoverage: ({ real, generated }) => all.clippedDensityCoverage(real, generated, off),
  realism: ({ real, generated }) => all.realism(real, generated, off),
  rarity: ({ real, generated }) => all.rarity(real, generated, off),
  topologicalPrecisionRecall: async ({ real, generated, expected }) => {
    const bandwidth = expected.topologicalPrecisionRecall!.bandwidth as number;
    const options = { ...off, bandwidth, threshold: [0.3, 0.35], dimensions: 1000 } as const;
    const { precision, recall } = await all.topologicalPrecisionRecall(real, generated, options);
    return { precision, recall, bandwidth };
  },
  authenticity: ({ real, generated }) => all.authenticity(real, generated, off),
  ndb: ({ d, real, generated }) => all.ndb(real, generated, { centres: table(wideRows("real", d), d).slice(0, 5) }),
  nearestNeighbourTest: ({ real, generated }) => all.nearestNeighbourTest(real, generated, off),
  classifierTest: () => all.classifierTest({ correct: 124, n: 201 }),
  birthdayParadox: async ({ generated, expected }) => {
    const threshold = expected.birthdayParadox!.threshold as number;
    const { duplicatePairs } = await all.birthdayParadox(generated, { threshold });
    return { duplicatePairs, threshold };
  },
  detectionRate: ({ d, generated }) => {
    const side = Math.round(Math.sqrt(d));
    // finds something where the first pixel is bright
    const detect = async (x: Tensor) => {
      const values = await x.read();
      return Array.from({ length: x.shape[0]! }, (_, i) =>
        values[i * d]! > 0.2 ? [{ score: 1, x: 0, y: 0, width: 1, height: 1 }] : [],
      );
    };
    return all.detectionRate(generated.reshape([M, 1, side, side]), { name: "bright", detect } as never);
  },
  vendiScore: ({ generated }) => all.vendiScore(generated, off),
  renyiKernelEntropy: ({ generated }) => all.renyiKernelEntropy(generated, { ...off, sigma: 1.5 }),
  fourierVendi: ({ d, generated }) =>
    all.fourierVendi(generated, {
      ...off,
      frequencies: table(
        grid("frequencies", d * 16).map((value) => value / Math.sqrt(d / 16)),
        16,
      ),
    }),
  kernelEntropyNovelty: ({ real, generated }) => all.kernelEntropyNovelty(real, generated, { ...off, sigma: 1.5 }),
  ...Object.fromEntries(
    (["gaussian", "exponential", "tophat", "epanechnikov", "linear", "cosine"] as const).map((kernel) => [
      `parzen ${kernel}`,
      ({ d, real, generated }: Sets) => {
        const width = kernel === "gaussian" || kernel === "exponential" ? 0.4 : 9;
        return all.parzen(real, generated, { kernel, bandwidth: width * Math.sqrt(d / 64) });
      },
    ]),
  ),
  gaussianFit: ({ real, generated }) => all.gaussianFit(real, generated, { regularization: 0.01 }),
  logLikelihood: ({ generated }) => all.logLikelihood(standard(1), generated),
  compareLikelihoods: ({ generated }) => all.compareLikelihoods(standard(1), standard(2), generated),
  coverageMetric: ({ d, real, generated }) =>
    all.coverageMetric(real, generated, { bandwidth: 0.5 * Math.sqrt(d / 64) }),
  featureLikelihoodDivergence: ({ real, generated, heldOut }) =>
    all.featureLikelihoodDivergence(real, heldOut, generated, { logVariances: grid("log variances", M) }),
  memorisation: ({ real, generated, heldOut }) => all.memorisation(real, generated, { test: heldOut, cells: "one" }),
  classScore: ({ d }) => all.classScore(wideShares("classes", N, d)),
  modeScore: ({ d }) => all.modeScore(wideShares("classes", N, d), wideShares("train", M, d)),
  amScore: ({ d }) => all.amScore(wideShares("classes", N, d), wideShares("train", M, d)),
  modifiedClassScore: ({ d }) => all.modifiedClassScore(wideShares("classes", N, d), off),
  classificationPerformance: ({ real, generated }) =>
    all.classificationPerformance(generated, wideLabels("generated"), real, wideLabels("real")),
  ...Object.fromEntries(
    ["ssim", "psnr", "sharpnessDifference"].map((name) => [
      name,
      ({ d, real, generated }: Sets) =>
        (all as unknown as { [name: string]: typeof all.psnr })[name]!(
          pictures(all.slice(real, 0, 0, M), d),
          pictures(generated, d),
        ),
    ]),
  ),
  imageStatistics: async ({ d, real, generated }) => {
    const { value, luminance, contrast } = await all.imageStatistics(pictures(real, d), pictures(generated, d), off);
    return { value, kurtosis: luminance[1].kurtosis, skewness: contrast[1].skewness };
  },
  waveletFrechetDistance: ({ d, real, generated }) =>
    all.waveletFrechetDistance(pictures(real, d), pictures(generated, d), { ...off, level: 2 }),
};

const pictures = (x: Tensor, d: number): Tensor => x.reshape([x.shape[0]!, 1, Math.sqrt(d), Math.sqrt(d)]);
const directions = (d: number): number[][] =>
  table(
    grid(`directions ${d}`, 5 * d).map((value) => value / Math.sqrt(d / 16)),
    d,
  );

/** Where 1e-4 is not the bound. */
const limits: { readonly [measure: string]: number } = {
  // by its gradient, as its comment says
  frechetLoss: 1e-3,
};

describe.each([64, 784])("%i features, 201 against 173 rows", (d) => {
  let sets: Sets;
  beforeAll(() => {
    sets = {
      d,
      real: gpu.tensor(wideRows("real", d), [N, d]),
      generated: gpu.tensor(wideRows("generated", d, 0.125), [M, d]),
      heldOut: gpu.tensor(wideRows("held out", d), [SIZES["held out"], d]),
      expected: oracle[d]!,
    };
  });

  test.each(Object.keys(oracle[d]!))("%s is float64's", async (name) => {
    const found = (await calls[name]!(sets)) as Anything;
    const expected = oracle[d]![name]!;
    const limit = limits[name] ?? 1e-4;
    const faults = Object.entries(expected).flatMap(([part, value]) => {
      if (part === "traces" || (name === "frechetDistanceInfinity" && part === "values")) return [];
      const list = (x: unknown) => (typeof x === "number" ? [x] : Array.from((x ?? []) as number[]));
      const [got, wanted] = [list(found[part]), list(value)];
      // distances as their comment says: 1e-6 of the traces beside
      const floor = name === "frechetDistance" ? 1e-6 * (expected.traces as number) : 1e-7;
      return wanted.every((one, i) => Math.abs(got[i]! - one) <= limit * Math.abs(one) + floor)
        ? []
        : [`${part}: expected ${wanted.join(", ")}; got ${got.join(", ")}`];
    });
    expect(faults).toEqual([]);
  });
});
