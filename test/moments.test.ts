import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { words } from "../src/data/philox.ts";
import { frechetDistance, Gaussian, GaussianMixture, type Gpu, Moments } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** Normal numbers from Philox by Box–Muller. */
function normals(count: number, seed: number): Float64Array {
  const drawn = words(2 * count, { seed });
  return Float64Array.from({ length: count }, (_, i) => {
    const [u, v] = [(drawn[2 * i]! + 0.5) / 2 ** 32, (drawn[2 * i + 1]! + 0.5) / 2 ** 32];
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  });
}

/** Rows of d features, each a mix of those before it and `noise` of its own, rounded to f32. */
function narrow(n: number, d: number, noise: number, scale = 1): Float32Array<ArrayBuffer> {
  const z = normals(n * d, 7);
  const x = new Float32Array(n * d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++)
      x[i * d + j] = scale * (j === 0 ? z[i * d]! : x[i * d + j - 1]! / scale + noise * z[i * d + j]!);
  return x;
}

/** Mean and covariance in float64, two passes, divisor n − 1. */
function reference(x: Float32Array, d: number): { mean: Float64Array; covariance: Float64Array } {
  const n = x.length / d;
  const mean = new Float64Array(d);
  for (let at = 0; at < x.length; at++) mean[at % d]! += x[at]! / n;
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < d; a++)
      for (let b = 0; b < d; b++)
        covariance[a * d + b]! += ((x[i * d + a]! - mean[a]!) * (x[i * d + b]! - mean[b]!)) / (n - 1);
  return { mean, covariance };
}

/** Mean log-density of the samples under their own maximum-likelihood Gaussian:  −½ (log |Σ| + d log 2π + d), float64. */
function bestScore(x: Float32Array, d: number): number {
  const n = x.length / d;
  const a = reference(x, d).covariance.map((v) => (v * (n - 1)) / n);
  let logDet = 0;
  for (let k = 0; k < d; k++) {
    logDet += Math.log(a[k * d + k]!);
    for (let i = k + 1; i < d; i++)
      for (let j = k + 1; j < d; j++) a[i * d + j]! -= (a[i * d + k]! * a[k * d + j]!) / a[k * d + k]!;
  }
  return -0.5 * (logDet + d * Math.log(2 * Math.PI) + d);
}

describe("second moments of directions far narrower than the features", () => {
  // float32 products leave 1e-7 of the features' variances of a direction's; here it has 1e-6 (and 1e-8) of them
  test.each([
    ["two features", 2000, 2, 1e-3],
    ["two features, near the resolution of f32", 2000, 2, 1e-4],
    ["many batches", 10000, 3, 1e-3],
    ["more features than are read back at once", 1500, 80, 1e-3],
  ])("fit: %s", async (_, n, d, noise) => {
    const values = narrow(n, d, noise);
    const x = gpu.tensor(values, [n, d]);
    const model = await Gaussian.fit(x);
    const expected = bestScore(values, d);
    // the density is of f32 numbers: a whitened value is off by the rounding of its feature, 2⁻²⁴ / noise
    expect(Math.abs((await model.score(x)) - expected)).toBeLessThan(1e-3 * d);
    const again = await Gaussian.load(gpu, await model.save());
    expect([...(await again.logProb(x).read())]).toEqual([...(await model.logProb(x).read())]);
    for (const held of [model, again, x]) held.dispose();
  });

  test("from moments, and from given numbers", async () => {
    const values = narrow(2000, 2, 1e-3);
    const x = gpu.tensor(values, [2000, 2]);
    const model = await Gaussian.fromMoments(gpu, await Moments.of(x));
    expect(Math.abs((await model.score(x)) - bestScore(values, 2))).toBeLessThan(2e-3);
    const given = await Gaussian.from(gpu, {
      mean: [0, 0],
      covariance: [
        [1, 1],
        [1, 1 + 1e-9],
      ],
    });
    expect(given.logDet).toBeCloseTo(Math.log(1e-9), 3);
  });
});

describe("moments and distances from 1e-30 to 1e30", () => {
  test.each([1e-30, 1e-25, 1, 3e18, 1e30].flatMap((scale) => [4, 80].map((d) => [scale, d] as const)))(
    "scale %s, %s features",
    async (scale, d) => {
      const [a, b] = [narrow(300, d, 1, scale), narrow(300, d, 0.7, 1.5 * scale)];
      const [x, y] = [gpu.tensor(a, [300, d]), gpu.tensor(b, [300, d])];
      const { mean, covariance } = reference(a, d);
      const got = await Moments.of(x);
      for (let j = 0; j < d; j++) expect(Math.abs(got.mean[j]! - mean[j]!)).toBeLessThan(1e-5 * scale);
      // products of f32 over 300 rows: γ_300 of the features' own sizes
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) {
          const size = Math.sqrt(covariance[i * d + i]! * covariance[j * d + j]!);
          expect(Math.abs(got.covariance[i * d + j]! - covariance[i * d + j]!)).toBeLessThan(300 * 2 ** -24 * size);
        }
      const { value: distance, traceTerm, meanTerm, warnings } = await frechetDistance(x, y);
      const exact = await frechetDistance(
        Moments.from({ ...reference(a, d), count: 300 }),
        Moments.from({ ...reference(b, d), count: 300 }),
      );
      expect(warnings).toEqual([]);
      expect(traceTerm).toBeGreaterThan(0);
      for (const [value, expected] of [
        [distance, exact.value],
        [meanTerm, exact.meanTerm],
      ] as const)
        expect(Math.abs(value / expected - 1)).toBeLessThan(1e-3);
      for (const held of [x, y]) held.dispose();
    },
  );

  test("deviations beyond f32, and variances that f32 cannot hold, are refused", async () => {
    const far = gpu.tensor(
      Float32Array.from({ length: 160 }, (_, i) => (i % 2 ? 3e38 : -3e38)),
      [2, 80],
    );
    expect((await failure(() => Moments.of(far))).message).toMatch(/feature 0 lie further apart than f32 reaches/);
    for (const scale of [1e-25, 1e25]) {
      const x = gpu.tensor(narrow(50, 2, 1, scale), [50, 2]);
      for (const covariance of ["full", "diag", "spherical"] as const)
        expect((await failure(() => Gaussian.fit(x, { covariance }))).message).toMatch(/Scale the data/);
    }
  });
});

describe("what is no covariance is refused, naming the entry or the pivot", () => {
  const mean = [0, 0];
  const asymmetric = [
    [1, 0.9],
    [-0.9, 1],
  ];
  const indefinite = [
    [1, 2],
    [2, 1],
  ];
  const rows: [string, () => unknown, RegExp][] = [
    [
      "Gaussian.from, asymmetric",
      () => Gaussian.from(gpu, { mean, covariance: asymmetric }),
      /data.*\[1, 0\].*-0.9 and 0.9/,
    ],
    [
      "Gaussian.from, indefinite",
      () => Gaussian.from(gpu, { mean, covariance: indefinite }),
      /numeric.*pivot 1 of 2 is -3/,
    ],
    [
      "Gaussian.from, NaN",
      () => Gaussian.from(gpu, { mean, covariance: [1, 0, Number.NaN, 1] }),
      /data.*value 2 of covariance is NaN/,
    ],
    [
      "Gaussian.from, mean",
      () => Gaussian.from(gpu, { mean: [0, Infinity], covariance: [1, 1] }),
      /data.*value 1 of mean/,
    ],
    [
      "Gaussian.from, variance",
      () => Gaussian.from(gpu, { mean, covariance: [1, -1] }),
      /numeric.*feature 1 has variance -1/,
    ],
    [
      "Gaussian.from, nothing",
      () => Gaussian.from(gpu, { mean } as never),
      /argument.*covariance as numbers.*undefined/,
    ],
    [
      "Gaussian.from, no gpu",
      () => Gaussian.from(undefined as never, { mean, covariance: [1] }),
      /argument.*opened by openGpu/,
    ],
    ["Moments.from, asymmetric", () => Moments.from({ mean, covariance: asymmetric, count: 9 }), /data.*\[1, 0\]/],
    [
      "Moments.from, indefinite",
      () => Moments.from({ mean, covariance: indefinite, count: 9 }),
      /data.*\[1, 0\] is 2, beyond/,
    ],
    [
      "Moments.from, three",
      () => Moments.from({ mean: [0, 0, 0], covariance: [1, 0.9, 0.9, 0.9, 1, -0.9, 0.9, -0.9, 1], count: 9 }),
      /data.*pivot/,
    ],
    [
      "Moments.from, no variance",
      () => Moments.from({ mean, covariance: [0, 5, 5, 0], count: 9 }),
      /data.*\[1, 0\] is 5/,
    ],
    ["mixture, asymmetric", () => mixture([asymmetric]), /data.*component 0.*\[1, 0\]/],
    ["mixture, indefinite", () => mixture([indefinite]), /numeric.*component 0.*not positive definite/],
    ["mixture, tied", () => mixture(asymmetric, "tied"), /data.*\[1, 0\]/],
    ["mixture, diag", () => mixture([[1, -1]], "diag"), /numeric.*component 0/],
    ["mixture, weights", () => mixture([asymmetric], "full", [2]), /argument.*weights are no probabilities/],
    [
      "mixture, means",
      () => GaussianMixture.from(gpu, { weights: [1], means: 3, covariances: [1] } as never),
      /argument.*means/,
    ],
  ];
  const mixture = (covariances: unknown, covariance = "full", weights: unknown = [1]) =>
    GaussianMixture.from(gpu, { weights, means: [[0, 0]], covariances, covariance } as never);

  test.each(rows)("%s", async (_, work, expected) => {
    const error = await failure(work);
    expect(`${error.code}: ${error.message}`).toMatch(expected);
  });
});
