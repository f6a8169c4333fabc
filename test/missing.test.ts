import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gaussian, GaussianMixture, type Gpu, type MixtureStart, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

interface Fitted {
  score: number;
  errors: [imputed: number, byMean: number];
  imputed: number[];
}
interface Oracle {
  iris: {
    removed: number[];
    start: { weights: number[]; means: number[][] };
    gaussian: Record<"full" | "diag" | "spherical" | "low-rank", Fitted>;
    mixture: Record<"full" | "tied" | "diag" | "spherical", Fitted>;
  };
}
const json = (name: string) => JSON.parse(readFileSync(new URL(`./oracles/${name}`, import.meta.url), "utf8"));
const oracle = json("missing.json") as Oracle;
const flat = (json("iris.json") as { x: number[][] }).x.flat();
const eye = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
let gpu: Gpu;
let holes: Tensor;
beforeAll(async () => {
  gpu = await openShared();
  holes = without(flat, oracle.iris.removed, 4);
});
afterAll(() => gpu.dispose());

/** Rows with NaN at these places. */
function without(values: number[], removed: readonly number[], d: number): Tensor {
  const x = Float32Array.from(values);
  for (const at of removed) x[at] = Number.NaN;
  return gpu.tensor(x, [x.length / d, d]);
}
const start = (kind: keyof Oracle["iris"]["mixture"]): MixtureStart => ({
  ...oracle.iris.start,
  covariances: { full: [...eye, ...eye], tied: eye, diag: Array(8).fill(1) as number[], spherical: [1, 1] }[kind],
});
const rootMeanSquare = (values: number[]) => Math.sqrt(values.reduce((a, v) => a + v * v, 0) / values.length);

describe("a fifth of iris missing, against EM in float64", () => {
  test.each(["full", "diag", "spherical", "low-rank"] as const)("Gaussian: %s", async (covariance) => {
    const { score, imputed, errors } = oracle.iris.gaussian[covariance];
    await gpu.idle();
    const before = gpu.memory().bytes;
    {
      using model = await Gaussian.fit(holes, {
        covariance,
        missing: "nan",
        ...(covariance === "low-rank" ? { rank: 1 } : {}),
      });
      expect(model.warnings).toEqual([]);
      expect(Math.abs((await model.score(holes, { missing: "nan" })) - score)).toBeLessThan(1e-4);
      using filled = model.impute(holes);
      const values = await filled.read();
      const away = oracle.iris.removed.map((at) => values[at]! - flat[at]!);
      expect(Math.abs(rootMeanSquare(away) / errors[0] - 1)).toBeLessThan(1e-2);
      if (covariance === "full") {
        for (const [i, value] of imputed.entries())
          expect(Math.abs(values[oracle.iris.removed[i]!]! - value)).toBeLessThan(5e-3);
        expect(rootMeanSquare(away)).toBeLessThan(0.5 * errors[1]);
      }
    }
    await gpu.idle();
    expect(gpu.memory().bytes).toBe(before);
  });

  test.each(["full", "tied", "diag", "spherical"] as const)("mixture of two: %s", async (covariance) => {
    const options = { components: 2, covariance, init: start(covariance), missing: "nan" } as const;
    using model = await GaussianMixture.fit(holes, { ...options, tolerance: 1e-7, maxIterations: 600 });
    const { score, errors } = oracle.iris.mixture[covariance];
    expect(Math.abs((await model.score(holes, { missing: "nan" })) - score)).toBeLessThan(1e-4);
    for (let i = 1; i < model.history.length; i++)
      expect(model.history[i]! - model.history[i - 1]!).toBeGreaterThan(-4 * 2 ** -23 * Math.abs(model.history[0]!));
    const filled = await model.impute(holes).read();
    const away = oracle.iris.removed.map((at) => filled[at]! - flat[at]!);
    expect(rootMeanSquare(away)).toBeLessThan(1.01 * errors[0]);
  });

  test.each(["low-rank", "factor"] as const)(
    "loadings give what their dense covariance does: %s",
    async (covariance) => {
      const options = { components: 2, covariance, rank: 2, missing: "nan", regularization: 1e-3 } as const;
      using model = await GaussianMixture.fit(holes, { ...options, maxIterations: 30, tolerance: 0 });
      for (let i = 1; i < model.history.length; i++)
        expect(model.history[i]! - model.history[i - 1]!).toBeGreaterThan(-4 * 2 ** -23 * Math.abs(model.history[0]!));
      const { weights, means, covariances } = model;
      const [w, m, c] = [await weights.read(), await means.read(), await covariances.read()];
      using dense = await GaussianMixture.from(gpu, { weights: w, means: m, covariances: c });
      const [a, b] = [
        await model.logProb(holes, { missing: "nan" }).read(),
        await dense.logProb(holes, { missing: "nan" }).read(),
      ];
      for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(2e-4 * (1 + Math.abs(b[i]!)));
      const [e, f] = [await model.impute(holes).read(), await dense.impute(holes).read()];
      for (const [i, value] of e.entries()) expect(Math.abs(value - f[i]!)).toBeLessThan(2e-3);
    },
  );

  test("batches and weights give what one step over repeated rows gives", async () => {
    const values = await holes.read();
    const copies = Array.from({ length: 150 }, (_, i) => 1 + (i % 2));
    const repeated = copies.flatMap(
      (count, i) => Array(count).fill(Array.from(values.slice(4 * i, 4 * i + 4))) as number[][],
    );
    const source = {
      count: 150,
      dim: 4,
      batch: (at: number, size: number) => gpu.tensor(values.slice(4 * at, 4 * (at + size)), [size, 4]),
    };
    const options = { components: 2, init: start("full"), missing: "nan", maxIterations: 5, tolerance: 0 } as const;
    using a = await GaussianMixture.fit(source, { ...options, weights: copies });
    using b = await GaussianMixture.fit(gpu.tensor(repeated), options);
    const [m, n] = [await a.means.read(), await b.means.read()];
    for (const [i, value] of m.entries()) expect(Math.abs(value - n[i]!)).toBeLessThan(1e-5);
  });
});

test("what cannot be filled is refused by name", async () => {
  const message = async (values: number[][], options = {}) =>
    (await failure(() => Gaussian.fit(gpu.tensor(values), { missing: "nan", ...options }))).message;
  const { NaN: gap, POSITIVE_INFINITY } = Number;
  expect(
    await message([
      [1, gap],
      [2, gap],
    ]),
  ).toContain("feature 1 is missing in every row");
  expect(
    await message([
      [1, 2],
      [POSITIVE_INFINITY, 1],
    ]),
  ).toContain("row 1, feature 0 is infinite");
  expect(
    await message(
      [
        [1, 2],
        [2, gap],
      ],
      { ddof: 1 },
    ),
  ).toContain("no ddof and no shrinkage");
  expect(
    await message(
      [
        [1, 2],
        [2, gap],
      ],
      { missing: "mean" },
    ),
  ).toContain('expected missing "nan"');
  expect((await failure(() => Gaussian.fit(gpu.tensor([[1], [gap]])))).message).toContain("row 1, feature 0 is NaN");
});
