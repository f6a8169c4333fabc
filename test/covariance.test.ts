import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gaussian, GaussianMixture, type Gpu, type Tensor } from "../src/index.ts";
import { factorOf, inverseOfTriangle } from "../src/linalg/symmetric.ts";
import { factorAnalysis } from "../src/models/covariance/factorAnalysis.ts";
import { openShared } from "./helpers.ts";

/** 150 × 4; see test/oracles/iris.py. */
const oracle = JSON.parse(readFileSync(new URL("./oracles/iris.json", import.meta.url), "utf8")) as {
  x: number[][];
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const relative = (got: number, wanted: number) => Math.abs(got - wanted) / Math.abs(wanted);

/** Numbers in (−1, 1) from a linear congruence, the same everywhere. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 31 - 1;
  }
}

/** Rows of `rank` strong directions and noise: [n][d]. */
function rowsOfRank(n: number, d: number, rank: number, noise = 0.3): number[][] {
  const next = numbers(7);
  const take = () => next.next().value;
  const directions = Array.from({ length: rank }, (_, k) => Array.from({ length: d }, () => take() * (3 - k / rank)));
  return Array.from({ length: n }, () => {
    const codes = Array.from({ length: rank }, () => take() + take() + take());
    return Array.from(
      { length: d },
      (_, j) => directions.reduce((sum, w, k) => sum + w[j]! * codes[k]!, 0) + noise * (take() + take() + take()) + 1,
    );
  });
}

/** log N(x; mean, covariance) in float64. */
function logDensity(x: ArrayLike<number>, mean: ArrayLike<number>, covariance: ArrayLike<number>): number {
  const d = mean.length;
  const l = factorOf(Float64Array.from(covariance), d, () => 0);
  if (!(l instanceof Float64Array)) throw new Error("not positive definite");
  const inverse = inverseOfTriangle(l, d);
  let total = d * Math.log(2 * Math.PI);
  for (let i = 0; i < d; i++) {
    let along = 0;
    for (let j = 0; j <= i; j++) along += inverse[i * d + j]! * (x[j]! - mean[j]!);
    total += along ** 2 + 2 * Math.log(l[i * d + i]!);
  }
  return -total / 2;
}

const ranked = ["low-rank", "factor"] as const;
const kinds = ["full", "diag", "spherical", ...ranked] as const;
const optionsOf = (covariance: (typeof kinds)[number], rank = 2) =>
  covariance === "low-rank" || covariance === "factor" ? { covariance, rank } : { covariance };

describe("a Gaussian of loadings", () => {
  test("a factor analyser hears of an abort while it works on the CPU", async () => {
    const [d, controller, reason] = [300, new AbortController(), new Error("enough")];
    const rows = Array.from({ length: d }, (_, i) =>
      Float64Array.from({ length: d }, (_, j) => Math.sin(i * i + 7 * j)),
    );
    const covariance = Float64Array.from({ length: d * d }, (_, at) => {
      const [a, b] = [rows[Math.floor(at / d)]!, rows[at % d]!];
      return a.reduce((sum, value, j) => sum + value * b[j]!, at % (d + 1) === 0 ? d / 10 : 0) / d;
    });
    setTimeout(() => controller.abort(reason), 0);
    await expect(factorAnalysis(covariance, d, 8, controller.signal)).rejects.toBe(reason);
  });
  test("a factor analyser of iris has scikit-learn's likelihood", async () => {
    const model = await Gaussian.fit(gpu.tensor(oracle.x), { covariance: "factor", rank: 2 });
    expect(relative(await model.score(gpu.tensor(oracle.x)), -2.5991657916)).toBeLessThan(1e-5);
    model.dispose();
  });

  test.each(ranked)(
    "256 features: density, conditional and draws equal the dense matrix's in float64: %s",
    async (kind) => {
      const [n, d, rank] = [400, 256, 5];
      const rows = rowsOfRank(n, d, rank);
      const x = gpu.tensor(rows);
      const model = await Gaussian.fit(x, { covariance: kind, rank });
      const mean = await model.mean.read();
      const covariance = await model.covariance.read();
      const densities = await model.logProb(gpu.tensor(rows.slice(0, 3))).read();
      for (let i = 0; i < 3; i++)
        expect(relative(densities[i]!, logDensity(rows[i]!, mean, covariance))).toBeLessThan(1e-4);
      const observed = Array.from({ length: d / 2 }, (_, j) => 2 * j);
      const rest = model.conditional({ observed, values: rows.slice(0, 2).map((row) => observed.map((j) => row[j]!)) });
      const dense = await Gaussian.from(gpu, { mean, covariance });
      const wanted = dense.conditional({
        observed,
        values: rows.slice(0, 2).map((row) => observed.map((j) => row[j]!)),
      });
      const [got, expected] = [await rest.mean.read(), await wanted.mean.read()];
      for (const [i, value] of got.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-3);
      for (const m of [model, dense]) m.dispose();
    },
  );

  test("probabilistic PCA of many features keeps the leading eigenvalues, without a matrix of them", async () => {
    // beyond 1,024 features the pairs come from passes over the rows; the same data with fewer features go the other way
    const [n, d, rank] = [120, 1100, 3];
    const rows = rowsOfRank(n, d, rank);
    const x = gpu.tensor(rows);
    const model = await Gaussian.fit(x, { covariance: "low-rank", rank });
    expect(gpu.memory().peakBytes).toBeLessThan(4 * d * d * 8);
    // eigenvalues of the n × n products of rows are those of the covariance
    const mean = await model.mean.read();
    const centred = rows.map((row) => row.map((value, j) => value - mean[j]!));
    const total = centred.flat().reduce((sum, value) => sum + value ** 2, 0) / n;
    const loadings = await model.parameters["loadings"]!.read();
    const [noise] = await model.parameters["noise"]!.read();
    let kept = 0;
    for (let k = 0; k < rank; k++) {
      const w = Array.from({ length: d }, (_, j) => loadings[j * rank + k]!);
      const length = w.reduce((sum, value) => sum + value ** 2, 0);
      // S·w = λ·w
      const codes = centred.map((row) => row.reduce((sum, value, j) => sum + value * w[j]!, 0));
      const image = w.map((_, j) => centred.reduce((sum, row, i) => sum + row[j]! * codes[i]!, 0) / n);
      const lambda = length + noise!;
      const off = Math.hypot(...image.map((value, j) => value - lambda * w[j]!));
      expect(off / (lambda * Math.sqrt(length))).toBeLessThan(1e-3);
      kept += lambda;
    }
    expect(relative(noise!, (total - kept) / (d - rank))).toBeLessThan(1e-4);
    model.dispose();
  });
});

describe("one Gaussian of every kind", () => {
  test.each(kinds)(
    "whitened rows are standard, distances are their lengths, entropy and divergence as defined: %s",
    async (kind) => {
      const x = gpu.tensor(oracle.x);
      const model = await Gaussian.fit(x, optionsOf(kind));
      // whitening an almost singular covariance multiplies rounding by the largest over the least deviation, some 10³ here
      const white = (await model.whiten(x).read()) as Float32Array;
      const squares = (await model.mahalanobis(x).read()) as Float32Array;
      const total = squares.reduce((sum, value) => sum + value, 0);
      expect(
        relative(
          white.reduce((sum, value) => sum + value ** 2, 0),
          total,
        ),
      ).toBeLessThan(1e-4);
      // tr(Σ⁻¹S) = d at the maximum of the likelihood
      expect(relative(total / oracle.x.length, 4)).toBeLessThan(1e-3);
      const score = await model.score(x);
      expect(relative(model.entropy(), -score)).toBeLessThan(1e-3);
      expect(await model.klTo(model)).toBeLessThan(1e-5);
      model.dispose();
    },
  );

  test("divergences between kinds are the dense formula's", async () => {
    const x = gpu.tensor(oracle.x);
    const models = await Promise.all(kinds.map((kind) => Gaussian.fit(x, optionsOf(kind, 1))));
    const dense = await Promise.all(
      models.map(async (model) => {
        const { covariance, loadings, noise } = model.parameters;
        const [values, w, psi] = [
          (await covariance?.read()) ?? [],
          (await loadings?.read()) ?? [],
          (await noise?.read()) ?? [],
        ];
        // of loadings in float64: the rounding of a dense f32 matrix would be all that is left of little noise
        const matrix = Float64Array.from({ length: 16 }, (_, at) => {
          if (values.length === 16) return values[at]!;
          const own = at % 5 === 0 ? (values[at / 5] ?? psi[at / 5] ?? values[0] ?? psi[0]!) : 0;
          return own + (w.length ? w[Math.floor(at / 4)]! * w[at % 4]! : 0);
        });
        return { matrix, mean: await model.mean.read(), factor: factorOf(matrix, 4, () => 0) as Float64Array };
      }),
    );
    for (const [i, p] of models.entries())
      for (const [j, q] of models.entries()) {
        if (i === j) continue;
        const inverse = inverseOfTriangle(dense[j]!.factor, 4);
        let trace = 0;
        for (let r = 0; r < 4; r++)
          for (let a = 0; a < 4; a++)
            for (let b = 0; b < 4; b++)
              trace += inverse[r * 4 + a]! * dense[i]!.matrix[a * 4 + b]! * inverse[r * 4 + b]!;
        const wanted = 0.5 * (trace - 4 + q.logDet - p.logDet);
        expect(Math.abs((await p.klTo(q)) - wanted)).toBeLessThan(1e-4 * (1 + wanted));
      }
    for (const model of models) model.dispose();
  });

  test("the conditional of iris is that of the closed form", async () => {
    const model = await Gaussian.fit(gpu.tensor(oracle.x));
    const rest = model.conditional({ observed: [0, 1, 2], values: oracle.x[0]!.slice(0, 3) });
    expect(relative(await rest.mean.item(), 0.2162518989)).toBeLessThan(1e-4);
    expect(relative(await rest.covariance.item(), 0.0358686511)).toBeLessThan(1e-4);
    expect(rest.hidden).toEqual([3]);
    const whole = await rest.complete().read();
    expect(Array.from(whole.slice(0, 3))).toEqual(oracle.x[0]!.slice(0, 3).map(Math.fround));
    // negative features count from the end, in any order
    const again = model.conditional({ observed: [-2, 1, 0], values: [1.4, 3.5, 5.1] });
    expect(relative(await again.mean.item(), 0.2162518989)).toBeLessThan(1e-4);
    model.dispose();
  });

  test.each(kinds)("draws given some features have the conditional's moments: %s", async (kind) => {
    const model = await Gaussian.fit(gpu.tensor(oracle.x), optionsOf(kind, 1));
    const n = 4000;
    const values = gpu.tensor(
      Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 5.5 : 1.2)),
      [n, 2],
    );
    const rest = model.conditional({ observed: [0, 3], values });
    const [drawn, mean, covariance] = [
      await rest.sample({ seed: 3 }).read(),
      await rest.mean.read(),
      await rest.covariance.read(),
    ];
    for (const j of [0, 1]) {
      const column = Array.from({ length: n }, (_, i) => drawn[2 * i + j]!);
      const average = column.reduce((a, b) => a + b, 0) / n;
      const variance = column.reduce((sum, value) => sum + (value - average) ** 2, 0) / n;
      // four standard errors
      expect(Math.abs(average - mean[j]!)).toBeLessThan(4 * Math.sqrt(covariance[3 * j]! / n));
      expect(Math.abs(variance / covariance[3 * j]! - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    }
    model.dispose();
  });

  test("features, values and ranks that make no sense are refused by name", async () => {
    const model = await Gaussian.fit(gpu.tensor(oracle.x));
    const refused = (observed: number[], values: number[]) => {
      try {
        model.conditional({ observed, values });
      } catch (error) {
        return String(error);
      }
      return "nothing";
    };
    expect(refused([0, 0], [1, 2])).toContain("got 0 twice");
    expect(refused([4], [1])).toContain("in [-4, 4)");
    expect(refused([], [])).toContain("1 to 3 observed");
    expect(refused([0, 1, 2, 3], [1, 2, 3, 4])).toContain("1 to 3 observed");
    expect(refused([0, 1], [1, 2, 3])).toContain("rows of 2 values");
    expect(refused([0], [Number.NaN])).toContain("finite");
    await expect(Gaussian.fit(gpu.tensor(oracle.x), { covariance: "low-rank" })).rejects.toThrow(/whole rank > 0/);
    await expect(Gaussian.fit(gpu.tensor(oracle.x), { covariance: "factor", rank: 4 })).rejects.toThrow(/below the 4/);
    await expect(Gaussian.fit(gpu.tensor(oracle.x), { rank: 2 })).rejects.toThrow(/none without/);
    await expect(Gaussian.fit(gpu.tensor(oracle.x), { covariance: "tied" as "full" })).rejects.toThrow(
      /Expected one of/,
    );
    model.dispose();
  });
});

describe("a mixture of loadings", () => {
  test.each(ranked)(
    "of one component reaches the single Gaussian's likelihood, and never falls: %s",
    async (covariance) => {
      const x = gpu.tensor(oracle.x);
      const single = await Gaussian.fit(x, { covariance, rank: 2 });
      const options = { components: 1, covariance, rank: 2, tolerance: 1e-7, maxIterations: 500, regularization: 0 };
      const mixture = await GaussianMixture.fit(x, options);
      expect(Math.abs((await mixture.score(x)) - (await single.score(x)))).toBeLessThan(2e-3);
      for (let i = 1; i < mixture.history.length; i++)
        expect(mixture.history[i]!).toBeGreaterThan(mixture.history[i - 1]! - 1e-5);
      for (const m of [single, mixture]) m.dispose();
    },
  );

  test.each(ranked)("density, draws, file and conditional belong together: %s", async (covariance) => {
    const x = gpu.tensor(oracle.x);
    const mixture = await GaussianMixture.fit(x, { components: 3, covariance, rank: 1, seed: 1 });
    const read = async (t: Tensor) => (await t.read()) as Float32Array;
    const [weights, means] = [await read(mixture.weights), await read(mixture.means)];
    const matrices = await read(mixture.covariances);
    const row = oracle.x[77]!;
    const joint = Array.from(
      weights,
      (w, k) => Math.log(w) + logDensity(row, means.slice(4 * k, 4 * k + 4), matrices.slice(16 * k, 16 * k + 16)),
    );
    const most = Math.max(...joint);
    const wanted = most + Math.log(joint.reduce((sum, value) => sum + Math.exp(value - most), 0));
    expect(Math.abs((await mixture.logProb(gpu.tensor([row])).item()) - wanted)).toBeLessThan(1e-3);
    const back = await GaussianMixture.load(gpu, await mixture.save());
    expect(await back.score(x)).toBe(await mixture.score(x));
    const n = 4000;
    const drawn = await mixture.sample(n, { seed: 5 }).read();
    for (let j = 0; j < 4; j++) {
      const mean = weights.reduce((sum, w, k) => sum + w * means[4 * k + j]!, 0);
      const second = weights.reduce((sum, w, k) => sum + w * (matrices[16 * k + 5 * j]! + means[4 * k + j]! ** 2), 0);
      const average = Array.from({ length: n }, (_, i) => drawn[4 * i + j]!).reduce((a, b) => a + b, 0) / n;
      expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt((second - mean ** 2) / n));
    }
    const rest = mixture.conditional({ observed: [0, 1], values: oracle.x.slice(0, 5).map((r) => r.slice(0, 2)) });
    const shares = (await rest.weights.read()) as Float32Array;
    for (let i = 0; i < 5; i++) expect(shares.slice(3 * i, 3 * i + 3).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    // class 0 of iris has petals of 1.4 by 0.2
    const filled = await rest.mean.read();
    expect(Math.abs(filled[0]! - 1.4)).toBeLessThan(0.5);
    for (const m of [mixture, back]) m.dispose();
  });
});
