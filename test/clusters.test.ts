import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FactorAnalysis, type Gpu, KernelDensity, KMeans, load, PCA, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

type Kernel = "gaussian" | "tophat" | "epanechnikov" | "exponential" | "linear" | "cosine";
interface Oracle {
  kmeans: {
    start: number[][];
    centers: number[][];
    inertia: number;
    labels: number[];
    iterations: number;
    weighted: { centers: number[][]; inertia: number };
    bestOfEight: number;
    empty: number;
  };
  pca: Record<"components" | "codes" | "white" | "restored", number[][]> &
    Record<"mean" | "explainedVariance" | "ratio", number[]> & { noiseVariance: number };
  factors: { x: number[][]; score: number; scores: number[]; noiseVariance: number[]; inner: number[][] };
  kde: Record<Kernel, (number | string)[]> & { queries: number[][] };
  scott: number;
  silverman: number;
}

const json = (name: string) => JSON.parse(readFileSync(new URL(`./oracles/${name}`, import.meta.url), "utf8"));
const oracle = json("clusters.json") as Oracle;
const x = (json("iris.json") as { x: number[][] }).x;
let gpu: Gpu;
let iris: Tensor;
beforeAll(async () => {
  gpu = await openShared();
  iris = gpu.tensor(x);
});
afterAll(() => gpu.dispose());

/** Largest difference beside the size of the expected values. */
async function error(got: Tensor | ArrayLike<number>, expected: readonly (number | number[])[]): Promise<number> {
  const [a, b] = [Array.from("read" in got ? await got.read() : got), expected.flat()];
  expect(a.length).toBe(b.length);
  const size = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => (value === b[i] ? 0 : Math.abs(value - b[i]!)))) / size;
}
/** Bytes on the GPU before and after `work` are the same. */
async function givesBack(work: () => Promise<void>): Promise<void> {
  await gpu.idle();
  const before = gpu.memory().bytes;
  await work();
  await gpu.idle();
  expect(gpu.memory().bytes).toBe(before);
}
const source = { count: 150, dim: 4, batch: (start: number, size: number) => gpu.tensor(x.slice(start, start + size)) };

describe("KMeans on iris, against scikit-learn", () => {
  test("from given centres takes the same steps to the same centres", () =>
    givesBack(async () => {
      using model = await KMeans.fit(iris, { clusters: 3, init: oracle.kmeans.start });
      expect(await error(model.centers, oracle.kmeans.centers)).toBeLessThan(1e-6);
      expect(Math.abs(model.inertia / oracle.kmeans.inertia - 1)).toBeLessThan(1e-6);
      expect([model.iterations, model.converged, model.warnings]).toEqual([oracle.kmeans.iterations, true, []]);
      const labels = model.predict(iris);
      expect([...(await labels.read())]).toEqual(oracle.kmeans.labels);
      const away = model.transform(iris);
      expect([...(await away.read())].slice(0, 3)[oracle.kmeans.labels[0]!]!).toBeCloseTo(
        Math.min(...[...(await away.read())].slice(0, 3)),
        6,
      );
      expect(Math.abs((await model.score(iris)) / -oracle.kmeans.inertia - 1)).toBeLessThan(1e-6);
      for (const t of [labels, away]) t.dispose();
    }));

  test("a weight counts a row as often", async () => {
    const weights = x.map((_, i) => 1 + (i % 3));
    using model = await KMeans.fit(iris, { clusters: 3, init: oracle.kmeans.start, weights });
    expect(await error(model.centers, oracle.kmeans.weighted.centers)).toBeLessThan(1e-6);
    expect(Math.abs(model.inertia / oracle.kmeans.weighted.inertia - 1)).toBeLessThan(1e-6);
    using repeated = await KMeans.fit(gpu.tensor(x.flatMap((row, i) => Array(weights[i]).fill(row) as number[][])), {
      clusters: 3,
      init: oracle.kmeans.start,
    });
    expect(await error(model.centers, [...(await repeated.centers.read())])).toBeLessThan(1e-6);
  });

  test("a centre without rows goes to the row farthest from its centre", async () => {
    const init = [x[0]!, x[50]!, [90, 90, 90, 90]];
    using model = await KMeans.fit(iris, { clusters: 3, init });
    expect(Math.abs(model.inertia / oracle.kmeans.empty - 1)).toBeLessThan(1e-3);
    using stuck = await KMeans.fit(gpu.ones([9, 2]), { clusters: 2 });
    expect(stuck.inertia).toBe(0);
    expect(stuck.warnings[0]).toContain("1 of 2 centres have no rows");
  });

  test("k-means++ with restarts comes within 1 % of the best of 200 starts", async () => {
    const options = { clusters: 8, restarts: 6, seed: 2 };
    using model = await KMeans.fit(iris, options);
    expect(model.inertia).toBeLessThan(1.01 * oracle.kmeans.bestOfEight);
    using again = await KMeans.fit(source, options);
    expect([...(await again.centers.read())]).toEqual([...(await model.centers.read())]);
  });

  test("mini-batches of rows in random order come within 5 % of Lloyd's inertia", async () => {
    const mixed = gpu.tensor(Array.from({ length: 150 }, (_, i) => x[(i * 37) % 150]!));
    using model = await KMeans.fit(mixed, { clusters: 3, miniBatch: 32, seed: 1, maxIterations: 30 });
    expect(model.inertia).toBeLessThan(1.05 * oracle.kmeans.inertia);
  });

  test("options that make no sense are refused by name", async () => {
    const of = async (options: object) => (await failure(() => KMeans.fit(iris, options as never))).message;
    expect(await of({})).toContain("expected clusters as a whole number ≥ 1; got undefined");
    expect(await of({ clusters: 151 })).toContain("Expected at least 151 rows; got 150");
    expect(await of({ clusters: 2, init: "kmeans" })).toContain('expected init "k-means++", "random" or centres');
    expect(await of({ clusters: 2, init: [[1, 2]] })).toContain("expected init [2, 4]; got 2 values");
    expect(await of({ clusters: 2, weights: [1, 2] })).toContain("expected a weight for each of 150 rows; got 2");
    expect(await of({ clusters: 2, weights: x.map((_, i) => (i === 7 ? -1 : 1)) })).toContain("weight 7 is -1");
    expect(await of({ clusters: 2, k: 3 })).toContain('got "k"');
    const bad = gpu.tensor([[1], [Number.NaN]]);
    expect((await failure(() => KMeans.fit(bad, { clusters: 1 }))).message).toContain("row 1, feature 0 is NaN");
  });
});

describe("components of iris, against scikit-learn", () => {
  test("PCA has its directions, signs, variances and codes", () =>
    givesBack(async () => {
      using pca = await PCA.fit(iris, { components: 2 });
      const { mean, components, explainedVariance, ratio, noiseVariance, codes, restored } = oracle.pca;
      expect(await error(pca.mean, mean)).toBeLessThan(1e-6);
      expect(await error(pca.components, components)).toBeLessThan(1e-6);
      expect(await error(pca.explainedVariance, explainedVariance)).toBeLessThan(1e-6);
      expect(await error(pca.explainedVarianceRatio, ratio)).toBeLessThan(1e-6);
      expect(Math.abs(pca.noiseVariance / noiseVariance - 1)).toBeLessThan(1e-6);
      using white = await PCA.fit(iris, { components: 2, whiten: true });
      const some = gpu.tensor(x.slice(0, 6));
      const [z, w] = [pca.transform(some), white.transform(some)];
      const [back, whiteBack] = [pca.inverse(z), white.inverse(w)];
      expect(await error(z, codes)).toBeLessThan(1e-6);
      expect(await error(back, restored)).toBeLessThan(1e-6);
      expect(await error(w, oracle.pca.white)).toBeLessThan(2e-6);
      expect(await error(whiteBack, restored)).toBeLessThan(1e-6);
      for (const t of [some, z, w, back, whiteBack]) t.dispose();
    }));

  test("PCA keeps at most as many directions as rows and features", async () => {
    const few = gpu.tensor(x.slice(0, 3));
    expect((await failure(() => PCA.fit(few, { components: 4 }))).message).toContain("expected components up to 3");
    expect((await failure(() => PCA.fit(gpu.ones([1, 4]), { components: 1 }))).message).toContain("needs two rows");
    using all = await PCA.fit(few, { components: 3 });
    expect(await error(all.inverse(all.transform(few)), x.slice(0, 3))).toBeLessThan(1e-6);
  });

  test("factors explain as much, with the same noise and codes", async () => {
    using model = await FactorAnalysis.fit(gpu.tensor(oracle.factors.x), { components: 2 });
    const rows = gpu.tensor(oracle.factors.x);
    const some = gpu.tensor(oracle.factors.x.slice(0, 6));
    const { score, scores, noiseVariance, inner } = oracle.factors;
    expect(Math.abs((await model.score(rows)) / score - 1)).toBeLessThan(1e-6);
    // the likelihood is flat there: EM ends by its tolerance, scikit-learn's went on to 1e-12
    expect(await error(model.scoreSamples(some), scores)).toBeLessThan(1e-4);
    expect(await error(model.noiseVariance, noiseVariance)).toBeLessThan(2e-3);
    const z = model.transform(some);
    expect(await error(z.matmul(z.transpose()), inner)).toBeLessThan(2e-3);
    using again = await FactorAnalysis.load(gpu, await model.save());
    expect(await error(again.components, [...(await model.components.read())])).toBe(0);
  });
});

describe("kernel densities, against scikit-learn", () => {
  const kernels = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"] as const;
  test.each(kernels)("%s", async (kernel) => {
    using density = await KernelDensity.fit(iris, { bandwidth: 0.8, kernel });
    const got = await density.scoreSamples(gpu.tensor(oracle.kde.queries)).read();
    for (const [i, value] of got.entries()) {
      const expected = Number(oracle.kde[kernel][i]);
      if (Number.isFinite(expected)) expect(Math.abs(value - expected)).toBeLessThan(2e-5);
      else expect(value).toBe(Number.NEGATIVE_INFINITY);
    }
  });

  test("widths by rule are scikit-learn's, and a density of many samples is the sum over blocks", async () => {
    for (const rule of ["scott", "silverman"] as const) {
      using density = await KernelDensity.fit(iris, { bandwidth: rule });
      expect(Math.abs(density.bandwidth / oracle[rule] - 1)).toBeLessThan(1e-12);
    }
    // iris 30 times is the same density as iris
    const many = gpu.tensor(Array.from({ length: 30 }, () => x).flat());
    using one = await KernelDensity.fit(iris, { bandwidth: 0.5 });
    using all = await KernelDensity.fit(many, { bandwidth: 0.5 });
    expect(await error(all.logProb(iris), [...(await one.logProb(iris).read())])).toBeLessThan(1e-6);
    expect(Math.abs((await all.score(many)) - (await one.score(iris)))).toBeLessThan(1e-5);
  });

  test.each(["gaussian", "tophat"] as const)(
    "draws of %s lie around the samples as the kernel says",
    async (kernel) => {
      using density = await KernelDensity.fit(
        gpu.tensor([
          [0, 0],
          [10, 0],
        ]),
        { bandwidth: 0.5, kernel },
      );
      const values = await density.sample(20000, { seed: 3 }).read();
      let [right, squares, farthest] = [0, 0, 0];
      for (let i = 0; i < 20000; i++) {
        const isRight = values[2 * i]! > 5;
        right += Number(isRight);
        const square = (values[2 * i]! - (isRight ? 10 : 0)) ** 2 + values[2 * i + 1]! ** 2;
        squares += square;
        farthest = Math.max(farthest, square);
      }
      // 4 standard errors of a share, and of E r²: 2h² of a Gaussian (deviation 2h²), h²/2 of a disc (deviation h²/√12)
      expect(Math.abs(right / 20000 - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 20000));
      const [mean, deviation] = kernel === "gaussian" ? [0.5, 0.5] : [0.125, 0.25 / Math.sqrt(12)];
      expect(Math.abs(squares / 20000 - mean)).toBeLessThan((4 * deviation) / Math.sqrt(20000));
      if (kernel === "tophat") expect(farthest).toBeLessThan(0.2500001);
    },
  );

  test("what has no draws or no width is refused", async () => {
    using round = await KernelDensity.fit(iris, { bandwidth: 0.1 });
    const drawn = await round.sample(9).read();
    expect(await round.sample(9, { seed: undefined as never, step: undefined as never }).read()).toEqual(drawn);
    using density = await KernelDensity.fit(iris, { kernel: "linear" });
    expect((await failure(() => density.sample(3))).message).toContain('expected kernel "gaussian" or "tophat"');
    expect((await failure(() => KernelDensity.fit(iris, { bandwidth: 0 }))).message).toContain("expected bandwidth");
    expect((await failure(() => KernelDensity.fit(iris, { kernel: "box" as never }))).message).toContain("kernel");
  });
});

test("files bring the same models back, and load finds each", () =>
  givesBack(async () => {
    const models = [
      await KMeans.fit(iris, { clusters: 2 }),
      await PCA.fit(iris, { components: 2, whiten: true }),
      await KernelDensity.fit(iris, { bandwidth: 0.3 }),
    ];
    for (const model of models) {
      using again = (await load(gpu, await model.save())) as (typeof models)[number];
      expect(again.constructor).toBe(model.constructor);
      const values = (m: typeof again) =>
        m instanceof KMeans ? m.centers : m instanceof PCA ? m.components : m.samples;
      expect([...(await values(again).read())]).toEqual([...(await values(model).read())]);
      const { load: own } = model.constructor as unknown as typeof KMeans;
      expect((await failure(() => own(gpu, new Uint8Array(40)))).code).toBe("format");
      model.dispose();
    }
  }));
