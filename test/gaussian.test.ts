import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tensor } from "../src/graph/tensor.ts";
import { Moments } from "../src/linalg/moments.ts";
import { bitsPerDim, changeScale, logLikelihood } from "../src/metrics/logLikelihood.ts";
import { Gaussian } from "../src/models/gaussian/gaussian.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { openShared } from "./helpers.ts";

interface Oracle {
  x: number[][];
  gaussian: {
    mean: number[];
    logDet: number;
    total: number;
    totalUnbiased: number;
    ledoitWolf: [number, number];
    oas: [number, number];
    ppca: [number, number];
  };
}

const oracle = JSON.parse(readFileSync(new URL("./oracles/iris.json", import.meta.url), "utf8")) as Oracle;
let gpu: Gpu;
let iris: Tensor;

beforeAll(async () => {
  gpu = await openShared();
  iris = gpu.tensor(oracle.x);
});
afterAll(() => gpu.dispose());

const relative = (got: number, expected: number) => Math.abs(got - expected) / Math.abs(expected);
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing thrown",
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe("a Gaussian fitted to iris, against float64", () => {
  test("has the maximum-likelihood mean, determinant and likelihood", async () => {
    const model = await Gaussian.fit(iris);
    for (const [j, value] of (await model.mean.read()).entries())
      expect(relative(value, oracle.gaussian.mean[j]!)).toBeLessThan(1e-6);
    expect(relative(model.logDet, oracle.gaussian.logDet)).toBeLessThan(1e-5);
    expect(relative((await model.score(iris)) * 150, oracle.gaussian.total)).toBeLessThan(1e-5);
    const unbiased = await Gaussian.fit(iris, { ddof: 1 });
    expect(relative((await unbiased.score(iris)) * 150, oracle.gaussian.totalUnbiased)).toBeLessThan(1e-5);
    expect(model.covariance.shape).toEqual([4, 4]);
  });

  test.each(["ledoit-wolf", "oas"] as const)("shrinks as the rule says: %s", async (shrinkage) => {
    const [intensity, score] = oracle.gaussian[shrinkage === "oas" ? "oas" : "ledoitWolf"];
    const model = await Gaussian.fit(iris, { shrinkage });
    expect(relative(model.shrinkage, intensity)).toBeLessThan(1e-5);
    expect(relative(await model.score(iris), score)).toBeLessThan(1e-5);
  });

  test("of low rank is probabilistic PCA", async () => {
    const model = await Gaussian.fit(iris, { covariance: "low-rank", rank: 2 });
    expect(relative(await model.score(iris), oracle.gaussian.ppca[1])).toBeLessThan(1e-5);
  });

  test("in parts and from moments is the same", async () => {
    const rows = {
      count: 150,
      dim: 4,
      batch: (start: number, size: number) => gpu.tensor(oracle.x.slice(start, start + size)),
    };
    const a = await Gaussian.fit(rows);
    const moments = (await Moments.of(gpu.tensor(oracle.x.slice(0, 60)))).merge(
      await Moments.of(gpu.tensor(oracle.x.slice(60))),
    );
    const b = await Gaussian.fromMoments(gpu, Moments.fromNpz(moments.toNpz()));
    for (const model of [a, b])
      expect(relative((await model.score(rows)) * 150, oracle.gaussian.total)).toBeLessThan(1e-5);
  });

  test("the likelihood of a sample states its scale", async () => {
    const model = await Gaussian.fit(iris);
    const { value: nats, bitsPerDim: bits, n, scale } = await logLikelihood(model, iris, { scale: 0.1 });
    expect([n.x, scale]).toEqual([150, 0.1]);
    expect(relative(bits, -(nats + 4 * Math.log(0.1)) / (4 * Math.LN2))).toBeLessThan(1e-12);
    expect(relative(changeScale(-10, 784, 1 / 255, 1), -10 - 784 * Math.log(255))).toBeLessThan(1e-12);
    expect(bitsPerDim(0, 784, 1 / 255)).toBeCloseTo(Math.log2(255), 10);
  });
});

describe("kinds, samples, files, errors", () => {
  const kinds = ["full", "diag", "spherical"] as const;

  test.each(kinds)("samples have the moments of the model: %s", async (covariance) => {
    const model = await Gaussian.fit(iris, { covariance });
    const drawn = await Moments.of(model.sample(20000, { seed: 4 }));
    const sigma = await model.covariance.read();
    const at = (i: number, j: number) =>
      covariance === "full" ? sigma[4 * i + j]! : i !== j ? 0 : covariance === "diag" ? sigma[i]! : sigma[0]!;
    const got = drawn.covariance;
    for (let i = 0; i < 4; i++) {
      expect(Math.abs(drawn.mean[i]! - oracle.gaussian.mean[i]!)).toBeLessThan(5 * Math.sqrt(at(i, i) / 20000));
      for (let j = 0; j < 4; j++)
        expect(Math.abs(got[4 * i + j]! - at(i, j))).toBeLessThan(5 * Math.sqrt((2 * at(i, i) * at(j, j)) / 20000));
    }
    expect([...(await model.sample(3, { seed: 4 }).read())]).toEqual([...(await model.sample(3, { seed: 4 }).read())]);
    const density = await model.logProb(iris).read();
    const expected = await model.score(iris);
    expect(relative(Array.from(density).reduce((a, b) => a + b, 0) / 150, expected)).toBeLessThan(1e-6);
  });

  test.each([...kinds, "low-rank"] as const)("a file brings the same model back: %s", async (covariance) => {
    const model = await Gaussian.fit(iris, { covariance, ...(covariance === "low-rank" ? { rank: 1 } : {}) });
    const again = await Gaussian.load(gpu, await model.save());
    expect([...(await again.logProb(iris).read())]).toEqual([...(await model.logProb(iris).read())]);
    expect(again.kind).toBe(covariance);
  });

  test("a large offset costs no accuracy", async () => {
    // quarters, so that the offset is exact in f32
    const rows = Array.from({ length: 400 }, (_, i) =>
      [0, 1, 2].map((j) => Math.round(8 * Math.sin(i * (j + 1) + j * j)) / 4),
    );
    const [near, far] = [
      await Gaussian.fit(gpu.tensor(rows)),
      await Gaussian.fit(gpu.tensor(rows.map((row) => row.map((v) => v + 8192)))),
    ];
    const [a, b] = [await near.covariance.read(), await far.covariance.read()];
    // γ_400 of variances near 2; taken without centring, the error would be of the order of 1
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(2 * 400 * 2 ** -24);
  });

  test("a singular covariance names the pivot and the remedy", async () => {
    const constant = gpu.tensor(oracle.x.map((row) => [row[0]!, 3, row[1]!]));
    expect(await code(Gaussian.fit(constant))).toMatch(/^numeric: Gaussian.fit: .*pivot 1 of 3.*Set regularization/);
    const copied = gpu.tensor(oracle.x.map((row) => [row[0]!, row[1]!, row[0]! + row[1]!]));
    expect(await code(Gaussian.fit(copied))).toMatch(/^numeric: .*pivot 2 of 3/);
    expect(await code(Gaussian.fit(constant, { covariance: "diag" }))).toMatch(/^numeric: .*feature 1 has variance 0/);
    expect(Number.isFinite(await (await Gaussian.fit(constant, { regularization: 1e-3 })).score(constant))).toBe(true);
  });

  test("data and options that make no sense are refused by name", async () => {
    const bad = oracle.x.map((row, i) => (i === 17 ? [1, 2, 3, Number.POSITIVE_INFINITY] : row));
    expect(await code(Gaussian.fit(gpu.tensor(bad)))).toContain("data: Gaussian.fit: row 17, feature 3 is Infinity");
    expect(await code(Gaussian.fit(iris, { regularisation: 1 } as never))).toContain("regularisation");
    expect(await code(Gaussian.fit(iris, { shrinkage: 2 }))).toContain('expected shrinkage "none"');
    expect(await code(Gaussian.fit(gpu.tensor([[1, 2]]), { ddof: 1 }))).toContain("shape: Gaussian.fit: too few rows");
    const model = await Gaussian.fit(iris);
    expect(await code((async () => model.logProb(gpu.tensor([[1, 2]])))())).toContain("Expected 4 columns; got 2");
    expect(await code((async () => model.sample(0, { seed: 1 }))())).toContain(
      "expected a whole number of samples > 0; got 0",
    );
  });
});
