import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BayesianGaussianMixture, Gaussian, GaussianMixture, type Gpu, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

const json = (name: string) => JSON.parse(readFileSync(new URL(`./oracles/${name}`, import.meta.url), "utf8"));
const x = (json("iris.json") as { x: number[][] }).x;
const bayesian = json("bayesian.json") as Record<
  string,
  { bound: number; once: number; weights: number[]; means: number[][] }
> & { start: number[][] };
const kinds = ["full", "tied", "diag", "spherical"] as const;
const all = [...kinds, "low-rank", "factor"] as const;
let gpu: Gpu;
let iris: Tensor;
beforeAll(async () => {
  gpu = await openShared();
  iris = gpu.tensor(x);
});
afterAll(() => gpu.dispose());

const eye = (d: number) => Array.from({ length: d * d }, (_, at) => Number(at % (d + 1) === 0));
/** Rows 0, 50, 100 and unit covariances. */
function start(kind: (typeof all)[number]) {
  const loadings = {
    loadings: Array.from({ length: 12 }, (_, i) => 0.3 + 0.1 * (i % 5)),
    noise: Array(12).fill(0.5) as number[],
  };
  const covariances = {
    full: [...eye(4), ...eye(4), ...eye(4)],
    tied: eye(4),
    diag: Array(12).fill(1) as number[],
    spherical: [1, 1, 1],
    "low-rank": { ...loadings, noise: [0.5, 0.5, 0.5] },
    factor: loadings,
  }[kind];
  return { weights: [0.2, 0.3, 0.5], means: [x[0]!, x[50]!, x[100]!], covariances };
}
const ranked = (kind: string) => (kind === "low-rank" || kind === "factor" ? { rank: 1 } : {});
const copies = x.map((_, i) => (i * 7) % 3);
const repeated = () => gpu.tensor(copies.flatMap((count, i) => Array(count).fill(x[i]) as number[][]));
async function near(a: Tensor, b: Tensor, tolerance: number): Promise<void> {
  const [p, q] = [await a.read(), await b.read()];
  expect(p.length).toBe(q.length);
  const size = Math.max(...Array.from(q, Math.abs));
  for (const [i, value] of p.entries()) expect(Math.abs(value - q[i]!) / size).toBeLessThan(tolerance);
}

describe("a weight counts a row as often", () => {
  test.each(["full", "diag", "spherical", "low-rank", "factor"] as const)("Gaussian: %s", async (covariance) => {
    const options = {
      covariance,
      ...ranked(covariance),
      ...(covariance === "full" ? { shrinkage: "ledoit-wolf" as const } : {}),
    };
    using a = await Gaussian.fit(iris, { ...options, weights: copies });
    using b = await Gaussian.fit(repeated(), options);
    expect(Math.abs(a.shrinkage - b.shrinkage)).toBeLessThan(1e-9);
    await near(a.mean, b.mean, 1e-7);
    for (const [name, t] of Object.entries(a.parameters))
      await near(t, b.parameters[name]!, covariance === "factor" ? 1e-4 : 1e-6); // EM rounds in its own order
  });

  test("many features on the GPU, and all weights 0 in a batch", async () => {
    const values = Float32Array.from({ length: 400 * 40 }, (_, i) => Math.sin(i * 1.7) + ((i * 7919) % 101) / 101);
    const weights = Array.from({ length: 400 }, (_, i) => (i < 70 ? 0 : 1 + (i % 2)));
    const batch = (at: number, size: number) => gpu.tensor(values.slice(40 * at, 40 * (at + size)), [size, 40]);
    using a = await Gaussian.fit({ count: 400, dim: 40, batch }, { weights, regularization: 1e-3 });
    const rows = weights.flatMap(
      (count, i) => Array(count).fill(Array.from(values.slice(40 * i, 40 * i + 40))) as number[][],
    );
    using b = await Gaussian.fit(gpu.tensor(rows), { regularization: 1e-3 });
    await near(a.covariance, b.covariance, 1e-5);
  });

  test.each(all)("mixture: %s", async (covariance) => {
    const options = {
      components: 3,
      covariance,
      ...ranked(covariance),
      init: start(covariance),
      maxIterations: 4,
      tolerance: 0,
    };
    using a = await GaussianMixture.fit(iris, { ...options, weights: copies });
    using b = await GaussianMixture.fit(repeated(), options);
    await near(a.weights, b.weights, 2e-6);
    await near(a.means, b.means, 2e-6);
    expect(Math.abs(a.history.at(-1)! - b.history.at(-1)!)).toBeLessThan(1e-5);
  });

  test("weights that make no sense are refused", async () => {
    const of = async (weights: number[]) => (await failure(() => Gaussian.fit(iris, { weights }))).message;
    expect(await of([1])).toContain("expected a weight for each of 150 rows; got 1");
    expect(await of(Array(150).fill(0) as number[])).toContain("expected weights of a finite sum > 0; got 0");
  });
});

describe("ways to fit", () => {
  test("a warm start goes on where it ended, to the bit", async () => {
    const options = { components: 3, init: start("full"), tolerance: 0 };
    using whole = await GaussianMixture.fit(iris, { ...options, maxIterations: 12 });
    using half = await GaussianMixture.fit(iris, { ...options, maxIterations: 5 });
    using rest = await GaussianMixture.fit(iris, { components: 3, warmStart: half, tolerance: 0, maxIterations: 7 });
    expect([...(await rest.means.read())]).toEqual([...(await whole.means.read())]);
    expect([...half.history, ...rest.history]).toEqual([...whole.history]);
    expect(half.warnings[0]).toContain("EM did not converge in 5 iterations");
    const other = await failure(() => GaussianMixture.fit(iris, { components: 2, warmStart: half }));
    expect(other.message).toContain('Expected 2 components of 4 features, covariance "full"; got 3 of 4, "full"');
  });

  test.each(["full", "tied", "diag", "spherical", "low-rank"] as const)(
    "mini-batches come near the whole: %s",
    async (covariance) => {
      const mixed = gpu.tensor(Array.from({ length: 600 }, (_, i) => x[(i * 37) % 150]!));
      const options = { components: 3, covariance, ...ranked(covariance), init: start(covariance) };
      using whole = await GaussianMixture.fit(mixed, { ...options, tolerance: 1e-5 });
      using online = await GaussianMixture.fit(mixed, {
        ...options,
        miniBatch: 100,
        maxIterations: 25,
        tolerance: 1e-4,
      });
      expect((await whole.score(mixed)) - (await online.score(mixed))).toBeLessThan(0.08);
      expect(await online.score(mixed)).toBeGreaterThan(online.history[0]!);
    },
  );

  test("a component that dies is reported, and goes on elsewhere where that is asked for", async () => {
    const init = { weights: [0.5, 0.5], means: [[0], [1e4]], covariances: [[1], [1]] };
    const rows = gpu.tensor([[-1], [0], [1], [20], [21], [22]]);
    const options = { components: 2, covariance: "diag", init, regularization: 1e-3 } as const;
    using left = await GaussianMixture.fit(rows, options);
    expect(left.warnings.at(-1)).toContain("components 1 have no rows left");
    using again = await GaussianMixture.fit(rows, { ...options, reseed: true });
    expect(again.warnings).toEqual([]);
    const means = [...(await again.means.read())].sort((a, b) => a - b);
    expect(Math.abs(means[0]!)).toBeLessThan(1e-3);
    expect(Math.abs(means[1]! - 21)).toBeLessThan(1e-3);
  });

  test("select by BIC, AIC and rows set apart", async () => {
    await gpu.idle();
    const before = gpu.memory().bytes;
    const steps: number[] = [];
    const options = { components: [1, 2, 3], seed: 1, regularization: 1e-4, tolerance: 1e-4, maxIterations: 200 };
    const { best, table } = await GaussianMixture.select(iris, {
      ...options,
      onProgress: ({ step }) => steps.push(step),
    });
    // scikit-learn's choice on iris is two components, too
    expect([best.components, table.length, steps.at(-1)]).toEqual([2, 3, 3]);
    for (const { components, value, score, parameterCount } of table) {
      expect(Math.abs(value - (-300 * score + parameterCount * Math.log(150)))).toBeLessThan(1e-6 * Math.abs(value));
      if (components === 2) expect(Math.abs((await best.bic(iris)) / value - 1)).toBeLessThan(1e-5);
    }
    const held = await GaussianMixture.select(iris, { ...options, criterion: "held-out", heldOut: 0.3 });
    expect(held.table.every(({ value }) => Number.isFinite(value))).toBe(true);
    expect(held.best.components).toBe(held.table.reduce((a, b) => (b.value > a.value ? b : a)).components);
    for (const model of [best, held.best]) model.dispose();
    await gpu.idle();
    expect(gpu.memory().bytes).toBe(before);
    const wrong = await failure(() => GaussianMixture.select(iris, { components: [1], criterion: "best" as never }));
    expect(wrong.message).toContain('expected criterion "bic" or "aic" or "held-out"');
  });
});

describe("variational inference, against scikit-learn", () => {
  test.each(["dirichlet-process", "dirichlet-distribution"] as const)(
    "%s has the same lower bound",
    async (weightPrior) => {
      for (const covariance of kinds) {
        const expected = bayesian[`${weightPrior.replace("-", "_")} ${covariance}`]!;
        const init = bayesian.start;
        const options = { components: 4, covariance, weightPrior, init };
        using once = await BayesianGaussianMixture.fit(iris, { ...options, maxIterations: 1 });
        expect(Math.abs(once.lowerBound / expected.once - 1)).toBeLessThan(1e-4);
        // every step: the bound stands nearly still for a while before a component empties
        using model = await BayesianGaussianMixture.fit(iris, { ...options, tolerance: 0, maxIterations: 200 });
        expect(Math.abs(model.lowerBound / expected.bound - 1)).toBeLessThan(1e-4);
        for (const [k, weight] of (await model.mixture.weights.read()).entries())
          expect(Math.abs(weight - expected.weights[k]!)).toBeLessThan(0.01);
      }
    },
  );

  test("options that make no sense are refused by name", async () => {
    const of = async (options: object) =>
      (await failure(() => BayesianGaussianMixture.fit(iris, options as never))).message;
    expect(await of({ components: 2, covariance: "low-rank" })).toContain('expected covariance "full" or "tied"');
    expect(await of({ components: 2, degreesOfFreedom: 2 })).toContain("expected degreesOfFreedom > 3; got 2");
    expect(await of({ components: 151 })).toContain("Expected at least 151 rows; got 150");
  });
});

describe("singular data are refused with the rank and the remedy", () => {
  const plane = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(3 * i), Math.sin(i) + 2 * Math.cos(3 * i)]);
  const of = async (rows: number[][], options: object) =>
    (await failure(() => Gaussian.fit(gpu.tensor(rows), options))).message;
  test("of every kind", async () => {
    const exact = plane.map((row) => row.map((v) => Math.round(v * 8) / 8)).map(([a, b]) => [a!, b!, a! + 2 * b!]);
    expect(await of(exact, {})).toMatch(/pivot 2 of 3 .*its rank is 2.*Set regularization/);
    expect(await of(exact, { covariance: "low-rank", rank: 2 })).toMatch(
      /beyond 2 directions the rows have no variance.*Choose a rank below 2/,
    );
    const point = Array(9).fill([0.1, 3]) as number[][];
    expect(await of(point, { covariance: "spherical" })).toMatch(
      /all rows are one point: their variance is .*Set regularization/,
    );
    expect(await of(point, { covariance: "diag" })).toMatch(/feature 0 has variance/);
    const from = await failure(() =>
      GaussianMixture.from(gpu, { weights: [1], means: [0, 0], covariances: [1, 2, 2, 1] }),
    );
    expect(from.message).toContain("Give covariances whose eigenvalues are all above rounding.");
  });
});
