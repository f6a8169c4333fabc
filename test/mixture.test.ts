import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tensor } from "../src/graph/tensor.ts";
import { GaussianMixture } from "../src/models/mixture/mixture.ts";
import type { MixtureStart } from "../src/models/mixture/options.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { openShared } from "./helpers.ts";

interface Oracle {
  x: number[][];
  mixture: {
    total: number;
    aic: number;
    bic: number;
    weights: number[];
    sizes: number[];
    starts: Record<
      "full" | "tied" | "diag" | "spherical",
      { total: number; parameters: number; aic: number; bic: number; onceScore: number; onceBound: number }
    >;
  };
}

const oracle = JSON.parse(readFileSync(new URL("./oracles/iris.json", import.meta.url), "utf8")) as Oracle;
const kinds = ["full", "tied", "diag", "spherical"] as const;
let gpu: Gpu;
let iris: Tensor;

beforeAll(async () => {
  gpu = await openShared();
  iris = gpu.tensor(oracle.x);
});
afterAll(() => gpu.dispose());

const column = (rows: number[][], j: number) => rows.map((row) => row[j]!);
const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
function covarianceOf(rows: number[][]): number[][] {
  const means = rows[0]!.map((_, j) => average(column(rows, j)));
  return means.map((a, i) => means.map((b, j) => average(rows.map((row) => (row[i]! - a) * (row[j]! - b)))));
}
/** Rows 0, 50, 100 as means, and one pooled covariance in the form of each kind. */
function pooledStart(kind: (typeof kinds)[number]): MixtureStart {
  const pooled = covarianceOf(oracle.x);
  const diagonal = pooled.map((row, i) => row[i]!);
  const covariances = {
    full: [pooled, pooled, pooled],
    tied: pooled,
    diag: [diagonal, diagonal, diagonal],
    spherical: [1, 1, 1].map(() => average(diagonal)),
  }[kind];
  return { weights: [1 / 3, 1 / 3, 1 / 3], means: [oracle.x[0]!, oracle.x[50]!, oracle.x[100]!], covariances };
}
const relative = (got: number, expected: number) => Math.abs(got - expected) / Math.abs(expected);
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing thrown",
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe("EM on iris, against float64", () => {
  test("from the class moments finds the known optimum", async () => {
    const classes = [0, 50, 100].map((start) => oracle.x.slice(start, start + 50));
    const init = {
      weights: [1 / 3, 1 / 3, 1 / 3],
      means: classes.map((c) => c[0]!.map((_, j) => average(column(c, j)))),
      covariances: classes.map(covarianceOf),
    };
    const model = await GaussianMixture.fit(iris, { components: 3, init, tolerance: 1e-10, maxIterations: 1000 });
    expect(relative((await model.score(iris)) * 150, oracle.mixture.total)).toBeLessThan(1e-5);
    expect(relative(await model.aic(iris), oracle.mixture.aic)).toBeLessThan(1e-5);
    expect(relative(await model.bic(iris), oracle.mixture.bic)).toBeLessThan(1e-5);
    const labels = [...(await model.predict(iris).read())];
    expect([0, 1, 2].map((k) => labels.filter((label) => label === k).length)).toEqual(oracle.mixture.sizes);
    for (const [k, weight] of (await model.weights.read()).entries())
      expect(Math.abs(weight - oracle.mixture.weights[k]!)).toBeLessThan(2e-4);
    expect(model.converged).toBe(true);
    const shares = await model.responsibilities(iris).read();
    for (let i = 0; i < 150; i++)
      expect(Math.abs(shares[3 * i]! + shares[3 * i + 1]! + shares[3 * i + 2]! - 1)).toBeLessThan(1e-6);
  });

  test.each(kinds)("from one pooled covariance: %s", async (kind) => {
    const expected = oracle.mixture.starts[kind];
    const model = await GaussianMixture.fit(iris, {
      components: 3,
      covariance: kind,
      init: pooledStart(kind),
      tolerance: 1e-10,
      maxIterations: 3000,
    });
    expect(relative((await model.score(iris)) * 150, expected.total)).toBeLessThan(1e-5);
    expect(model.parameterCount).toBe(expected.parameters);
    const once = await GaussianMixture.fit(iris, {
      components: 3,
      covariance: kind,
      init: pooledStart(kind),
      tolerance: 0,
      maxIterations: 1,
    });
    expect(relative(await once.score(iris), expected.onceScore)).toBeLessThan(1e-5);
    expect(relative(once.history[0]!, expected.onceBound)).toBeLessThan(1e-5);
    expect(once.converged).toBe(false);
    expect(once.iterations).toBe(1);
  });

  test.each(kinds)("the likelihood never falls without regularisation: %s", async (kind) => {
    const { history } = await GaussianMixture.fit(iris, {
      components: 3,
      covariance: kind,
      init: pooledStart(kind),
      regularization: 0,
      tolerance: 0,
      maxIterations: 100,
    });
    // 4 units of rounding of the largest value
    for (let i = 1; i < history.length; i++)
      expect(history[i]! - history[i - 1]!).toBeGreaterThan(-4 * 2 ** -23 * Math.abs(history[0]!));
  });

  test("batches give what one step gives", async () => {
    const init = pooledStart("diag");
    const options = { components: 3, covariance: "diag", init, tolerance: 1e-4 } as const;
    const whole = await GaussianMixture.fit(iris, options);
    // more rows than one step holds: iris repeated
    const many = gpu.tensor(
      Float32Array.from({ length: 150 * 4 * 120 }, (_, i) => oracle.x[Math.floor(i / 4) % 150]![i % 4]!),
      [18000, 4],
    );
    const parts = await GaussianMixture.fit(many, options);
    expect(parts.iterations).toBe(whole.iterations);
    const [a, b] = [await whole.means.read(), await parts.means.read()];
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(1e-4);
  });
});

describe("precision and degenerate data", () => {
  test.each(["spherical", "diag"] as const)(
    "two far points keep the variance that regularisation gives: %s",
    async (kind) => {
      const x = gpu.tensor([[9999], [0]]);
      const model = await GaussianMixture.fit(x, { components: 2, covariance: kind, regularization: 0.1 });
      for (const variance of await model.covariances.read()) expect(Math.abs(variance - 0.1)).toBeLessThan(1e-6);
    },
  );

  test.each(kinds)("repeated points are refused without regularisation, and fit with it: %s", async (kind) => {
    const x = gpu.tensor(
      Array.from({ length: 10 }, (_, i) => Array.from({ length: 5 }, (__, j) => (i % 2 ? 1 : 0) + 0.1 * j)),
    );
    expect(await code(GaussianMixture.fit(x, { components: 10, covariance: kind, regularization: 0 }))).toMatch(
      /^numeric: .*singular.*Decrease components or increase regularization/,
    );
    const model = await GaussianMixture.fit(x, { components: 10, covariance: kind });
    for (const value of [...(await model.means.read()), ...(await model.covariances.read()), await model.score(x)])
      expect(Number.isFinite(value)).toBe(true);
  });

  test("with one component in one dimension all kinds have one BIC", async () => {
    const x = gpu.tensor(oracle.x.map((row) => [row[0]!]));
    const bics = await Promise.all(
      kinds.map(async (covariance) => (await GaussianMixture.fit(x, { components: 1, covariance })).bic(x)),
    );
    for (const bic of bics) expect(relative(bic, bics[0]!)).toBeLessThan(1e-6);
  });

  test("parameters are counted", async () => {
    const x = gpu.tensor(
      Array.from({ length: 40 }, (_, i) => Array.from({ length: 5 }, (__, j) => Math.sin(i * 5 + j * j))),
    );
    const counts = await Promise.all(
      kinds.map(
        async (covariance) =>
          (await GaussianMixture.fit(x, { components: 2, covariance, maxIterations: 2 })).parameterCount,
      ),
    );
    expect(counts).toEqual([41, 26, 21, 13]);
  });

  test("data and options that make no sense are refused by name", async () => {
    const bad = Array.from({ length: 20 }, (_, i) => [i, i === 17 ? Number.NaN : 1]);
    expect(await code(GaussianMixture.fit(gpu.tensor(bad), { components: 2 }))).toContain(
      "data: GaussianMixture.fit: row 17, feature 1 is NaN",
    );
    expect(await code(GaussianMixture.fit(iris, { components: 151 }))).toContain(
      "argument: GaussianMixture.fit: fewer rows than components. Expected at least 151 rows; got 150.",
    );
    expect(await code(GaussianMixture.fit(iris, { components: 2, restart: 3 } as never))).toContain("restart");
    expect(await code(GaussianMixture.fit(iris, { components: 2.5 }))).toContain(
      "expected components as a whole number ≥ 1",
    );
    expect(await code(GaussianMixture.fit(iris, { components: 2, tolerance: -1 }))).toContain(
      "expected tolerance as a number ≥ 0",
    );
    const init = { ...pooledStart("diag"), weights: [0.5, 0.5, 0.5] };
    expect(await code(GaussianMixture.fit(iris, { components: 3, covariance: "diag", init }))).toContain(
      "init.weights are no probabilities",
    );
    const singular = {
      ...pooledStart("diag"),
      covariances: [
        [1, 1, 1, 1],
        [1, -1, 1, 1],
        [1, 1, 1, 1],
      ],
    };
    expect(await code(GaussianMixture.fit(iris, { components: 3, covariance: "diag", init: singular }))).toMatch(
      /numeric: .*component 1.*feature 1/,
    );
    const model = await GaussianMixture.fit(iris, { components: 2, covariance: "diag" });
    expect(await code((async () => model.logProb(gpu.tensor([[1, 2, 3]])))())).toContain("Expected 4 columns; got 3");
  });
});

describe("starts, samples, files", () => {
  test.each(["kmeans", "k-means++", "random", "random-from-data"] as const)(
    "equal seeds give equal bits: %s",
    async (init) => {
      const fit = () => GaussianMixture.fit(iris, { components: 3, init, seed: 5, maxIterations: 20 });
      const [a, b] = [await fit(), await fit()];
      expect(Buffer.from(new Uint8Array((await a.means.read()).buffer))).toEqual(
        Buffer.from(new Uint8Array((await b.means.read()).buffer)),
      );
      expect(a.history).toEqual(b.history);
      expect(Number.isFinite(await a.score(iris))).toBe(true);
    },
  );

  test("restarts keep the best", async () => {
    const one = await GaussianMixture.fit(iris, { components: 4, init: "random-from-data", seed: 3 });
    const several = await GaussianMixture.fit(iris, { components: 4, init: "random-from-data", seed: 3, restarts: 4 });
    expect(several.history.at(-1)!).toBeGreaterThanOrEqual(one.history.at(-1)!);
  });

  test.each(kinds)("samples have the mixture's moments: %s", async (covariance) => {
    const model = await GaussianMixture.fit(iris, {
      components: 3,
      covariance,
      init: pooledStart(covariance),
      maxIterations: 30,
    });
    const values = await model.sample(20000, { seed: 9 }).read();
    const rows = Array.from({ length: 20000 }, (_, i) => [...values.subarray(4 * i, 4 * i + 4)]);
    const got = covarianceOf(rows);
    const [weights, means] = [Array.from(await model.weights.read()), Array.from(await model.means.read())];
    const centre = [0, 1, 2, 3].map((j) => weights.reduce((sum, w, k) => sum + w * means[4 * k + j]!, 0));
    const sigma = await model.covariances.read();
    const at = (k: number, i: number, j: number) =>
      covariance === "full"
        ? sigma[16 * k + 4 * i + j]!
        : covariance === "tied"
          ? sigma[4 * i + j]!
          : i !== j
            ? 0
            : covariance === "diag"
              ? sigma[4 * k + i]!
              : sigma[k]!;
    for (let i = 0; i < 4; i++) {
      expect(Math.abs(average(column(rows, i)) - centre[i]!)).toBeLessThan(5 * Math.sqrt(got[i]![i]! / 20000));
      for (let j = 0; j <= i; j++) {
        const expected = weights.reduce(
          (sum, w, k) => sum + w * (at(k, i, j) + (means[4 * k + i]! - centre[i]!) * (means[4 * k + j]! - centre[j]!)),
          0,
        );
        // 5 standard errors of a product, with a margin for tails
        expect(Math.abs(got[i]![j]! - expected)).toBeLessThan(
          5 * 1.5 * Math.sqrt((got[i]![i]! * got[j]![j]!) / 20000) + 1e-4,
        );
      }
    }
  });

  test("a component of weight 0 does not count, however near it is", async () => {
    const start = { weights: [1, 0], means: [[0], [1000]] };
    for (const [covariance, covariances] of [
      ["diag", [[1], [1]]],
      ["full", [[[1]], [[1]]]],
      ["spherical", [1, 1]],
      ["tied", [[1]]],
    ] as const) {
      const model = await GaussianMixture.from(gpu, { ...start, covariances, covariance } as unknown as MixtureStart);
      const x = gpu.tensor([[1000], [0]]);
      const [far, near] = await model.logProb(x).read();
      // −½ · 10⁶ − ½ log 2π, whose last bit is 2⁻⁵
      expect(far).toBeCloseTo(-500000.9189, 1);
      expect(near).toBeCloseTo(-0.9189385, 6);
      expect([...(await model.predict(x).read())]).toEqual([0, 0]);
      expect([...(await model.responsibilities(x).read())]).toEqual([1, 0, 1, 0]);
    }
  });

  test("a file brings the same mixture back", async () => {
    const model = await GaussianMixture.fit(iris, { components: 3 });
    const again = await GaussianMixture.load(gpu, await model.save());
    expect([...(await again.logProb(iris).read())]).toEqual([...(await model.logProb(iris).read())]);
    expect([again.iterations, again.converged]).toEqual([model.iterations, model.converged]);
    expect(await code(GaussianMixture.load(gpu, (await model.save()).slice(0, 40)))).toContain("format");
  });

  test("an abort rejects with its reason, and memory returns to what it was", async () => {
    await gpu.idle();
    const before = gpu.memory().bytes;
    const controller = new AbortController();
    const reason = new Error("enough");
    const fit = GaussianMixture.fit(iris, {
      components: 3,
      tolerance: 0,
      maxIterations: 5000,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(fit).rejects.toBe(reason);
    expect(gpu.memory().bytes).toBe(before);
  });
});
