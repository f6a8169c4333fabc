import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gaussian, GaussianMixture, type Gpu, random, type Tensor } from "../src/index.ts";
import * as family from "../src/models/family/index.ts";
import type { LatentModel } from "../src/models/latent/model.ts";
import { chiSquareLimit, chiSquareOf, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const n = 20_000;
const d = 3;
const values = async (x: Tensor) => Float64Array.from((await x.read().finally(() => x.dispose())) as Float32Array);

/** The mean of values is within four standard errors of what is expected. */
function near(found: Float64Array, expected: number): void {
  const mean = found.reduce((a, b) => a + b, 0) / found.length;
  const variance = found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / found.length;
  expect(Math.abs(mean - expected)).toBeLessThanOrEqual(4 * Math.sqrt(variance / found.length));
}

/** Draws [n, d] have these first and second moments. */
function checkMoments(
  drawn: Float64Array,
  mean: ArrayLike<number>,
  covariance: (i: number, j: number) => number,
): void {
  const width = mean.length;
  const of = (i: number) => (_: unknown, row: number) => drawn[row * width + i]! - mean[i]!;
  const rows = { length: drawn.length / width };
  for (let i = 0; i < width; i++) {
    const a = Float64Array.from(rows, of(i));
    near(a, 0);
    for (let j = 0; j <= i; j++) {
      const b = Float64Array.from(rows, of(j));
      near(a.map((value, row) => value * b[row]!), covariance(i, j)); // prettier-ignore
    }
  }
}

/** Entry [i, j] of covariance c, in the shape that its kind has. */
const entry = (kind: string, all: ArrayLike<number>, c: number, i: number, j: number): number => {
  if (kind === "diag") return i === j ? all[c * d + i]! : 0;
  if (kind === "spherical") return i === j ? all[c]! : 0;
  return all[(kind === "tied" ? 0 : c * d * d) + i * d + j]!;
};

const ranked = (kind: string) => (kind === "low-rank" || kind === "factor" ? { rank: 1 } : {});

test.each(["full", "diag", "spherical", "low-rank", "factor"] as const)(
  "draws of a Gaussian: %s",
  async (covariance) => {
    const noise = random.normal(gpu, [50, d], { seed: 1 });
    const rows = noise.matmul(gpu.tensor([[2, 0.5, -1], [0, 1, 0.3], [0, 0, 0.5]])).add(gpu.tensor([1, -2, 3])); // prettier-ignore
    using model = await Gaussian.fit(rows, { covariance, ...ranked(covariance) });
    const [mean, all] = [(await model.mean.read()) as Float32Array, await values(model.covariance.mul(1))];
    checkMoments(await values(model.sample(n, { seed: 7 })), mean, (i, j) => entry(covariance, all, 0, i, j));
  },
);

describe("draws of a mixture", () => {
  const weights = [0.1, 0.2, 0.3, 0.4];
  // far apart: the nearest mean says which component a draw is of
  const means = [[0, 0, 0], [100, 0, 0], [0, 100, 50], [-100, 50, 0]]; // prettier-ignore
  const k = weights.length;
  const factors = means.map((_, c) => [1 + c / 4, 0, 0, 0.5, 1, 0, -0.3 * c, 0.2, 0.7]);
  const full = factors.map((l) =>
    Array.from({ length: d * d }, (_, at) => {
      const [i, j] = [Math.floor(at / d), at % d];
      return [0, 1, 2].reduce((sum, m) => sum + l[i * d + m]! * l[j * d + m]!, 0);
    }),
  );
  const loadings = means.flatMap((_, c) => [1, -0.5 * c, 0.7]);
  const covariances = {
    full: full.flat(),
    tied: full[1]!,
    diag: full.flatMap((matrix) => [matrix[0]!, matrix[4]!, matrix[8]!]),
    spherical: [0.5, 1, 2, 3],
    "low-rank": { loadings, noise: [0.5, 1, 2, 3] },
    factor: { loadings, noise: full.flatMap((matrix) => [matrix[0]!, matrix[4]!, matrix[8]!]) },
  };

  test.each(Object.keys(covariances) as (keyof typeof covariances)[])("%s", async (covariance) => {
    const given = { weights, means, covariances: covariances[covariance], covariance, ...ranked(covariance) };
    using model = await GaussianMixture.from(gpu, given);
    const all = await values(model.covariances.mul(1));
    // components are chosen on the CPU where the step is a number, else on the GPU
    for (const step of [2, gpu.tensor(Uint32Array.of(2), [1])]) {
      const drawn = await values(model.sample(n, { seed: 5, step }));
      const squares = (at: number, mean: number[]) =>
        mean.reduce((sum, m, j) => sum + (drawn[at * d + j]! - m) ** 2, 0);
      const labels = Array.from({ length: n }, (_, at) => {
        const away = means.map((mean) => squares(at, mean));
        return away.indexOf(Math.min(...away));
      });
      const counts = weights.map((_, c) => labels.filter((label) => label === c).length);
      expect(chiSquareOf(counts, weights)).toBeLessThan(chiSquareLimit(k - 1));
      for (let c = 0; c < k; c++) {
        const own = drawn.filter((_, at) => labels[Math.floor(at / d)] === c);
        checkMoments(own, means[c]!, (i, j) => entry(covariance, all, c, i, j));
      }
    }
  });
});

describe("codes from the prior of a new model", () => {
  const standard = ["VAE", "BetaVAE", "FactorVAE", "WAE", "IWAE", "SigmaVAE"] as const;
  const made = (name: string, options: object) => {
    const models = family as unknown as { readonly [name: string]: new (gpu: Gpu, options: object) => LatentModel };
    return new models[name]!(gpu, { image: [1, 2, 2], hidden: 2, ...options });
  };
  const codesOf = async (model: LatentModel) => values(model.built.parts.prior.sample(n, { seed: 3, name: "prior" }));

  test("are independent standard normals", async () => {
    for (const name of standard) {
      using model = made(name, { latent: 2 });
      checkMoments(await codesOf(model), [0, 0], (i, j) => Number(i === j));
    }
  });

  test("are numbers beside classes, each by its own prior", async () => {
    using model = made("JointVAE", { latent: 2, variables: 1, classes: 3 });
    const codes = await codesOf(model);
    checkMoments(codes.filter((_, at) => at % 5 < 2), [0, 0], (i, j) => Number(i === j)); // prettier-ignore
    const counts = [0, 1, 2].map((c) => codes.filter((v, at) => at % 5 === 2 + c && v === 1).length);
    expect(counts.reduce((a, b) => a + b)).toBe(n);
    expect(chiSquareOf(counts, [1 / 3, 1 / 3, 1 / 3])).toBeLessThan(chiSquareLimit(2));
    // and whichever the class, the numbers are the same
    for (const c of [0, 1, 2])
      checkMoments(
        codes.filter((_, at) => at % 5 < 2 && codes[5 * Math.floor(at / 5) + 2 + c] === 1),
        [0, 0],
        (i, j) => Number(i === j),
      );
  });

  test("are classes as likely as one another", async () => {
    using model = made("CategoricalVAE", { variables: 2, classes: 3, latent: 6 });
    const codes = await codesOf(model);
    for (const variable of [0, 1]) {
      const counts = [0, 1, 2].map((c) => codes.filter((v, at) => at % 6 === variable * 3 + c && v === 1).length);
      expect(counts.reduce((a, b) => a + b)).toBe(n);
      expect(chiSquareOf(counts, [1 / 3, 1 / 3, 1 / 3])).toBeLessThan(chiSquareLimit(2));
    }
  });
});

test("pixels drawn from p(x|z) have the mean and the variance that it says", async () => {
  const pixels = 4;
  for (const [likelihood, variance] of [
    ["bernoulli", (p: number) => p * (1 - p)],
    ["gaussian", () => 0.3],
  ] as const) {
    const options = likelihood === "gaussian" ? { variance: 0.3 } : {};
    using model = new family.VAE(gpu, { image: [1, 2, 2], hidden: 3, latent: 2, seed: 2, likelihood, ...options });
    const codes = gpu.tensor([[0.5, -1]]).expand([n, 2]);
    const density = model.built.parts.decode(codes);
    const mean = (await density.mean.read()).slice(0, pixels) as Float32Array;
    const drawn = await values(density.draw({ seed: 1, name: "pixels" }));
    checkMoments(drawn, mean, (i, j) => (i === j ? variance(mean[i]!) : 0));
  }
});
