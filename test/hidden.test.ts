import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { normals, uniforms } from "../bench/random.ts";
import { Gaussian, GaussianMixture, type Gpu, KMeans } from "../src/index.ts";
import { openShared } from "./helpers.ts";

// Rows of a distribution that a fit has to find again, from nothing but its size.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const [n, d, k] = [4000, 3, 4];
const weights = [0.1, 0.2, 0.3, 0.4];
const means = [[0, 0, 0], [12, 0, 3], [0, 12, -3], [-9, -9, 6]]; // prettier-ignore
/** Lower triangular: full covariances of unlike sizes and directions. */
const factors = weights.map((_, c) => [1 + c / 4, 0, 0, 0.5, 0.8, 0, -0.3 * c, 0.2, 0.7]);

/** Rows of the mixture, and which component each is of. */
function hidden(seed: number): { x: Float32Array<ArrayBuffer>; labels: number[] } {
  const [uniform, normal] = [uniforms(seed), normals(seed + 1)];
  const labels = Array.from({ length: n }, () => {
    let left = uniform();
    return Math.max(0, weights.findIndex((weight) => (left -= weight) < 0)); // prettier-ignore
  });
  const x = new Float32Array(n * d);
  for (const [i, c] of labels.entries()) {
    const noise = [normal(), normal(), normal()];
    for (let r = 0; r < d; r++)
      x[i * d + r] = means[c]![r]! + noise.reduce((sum, value, j) => sum + factors[c]![r * d + j]! * value, 0);
  }
  return { x, labels };
}

/** The number of the found centre that is nearest to each of the hidden means. */
function namesOf(found: ArrayLike<number>): number[] {
  const away = (mean: number[], c: number) => mean.reduce((sum, m, j) => sum + (found[c * d + j]! - m) ** 2, 0);
  return means.map((mean) => {
    const distances = Array.from({ length: k }, (_, c) => away(mean, c));
    return distances.indexOf(Math.min(...distances));
  });
}

const equalPart = (found: ArrayLike<number>, labels: number[], names: number[]): number =>
  labels.filter((label, i) => found[i] === names[label]).length / labels.length;

describe("a hidden mixture", () => {
  test.each(["kmeans", "k-means++"] as const)(
    "is found from %s: its labels, weights, means and covariances",
    async (init) => {
      const { x, labels } = hidden(3);
      using rows = gpu.tensor(x, [n, d]);
      const options = { components: k, init, restarts: 3, seed: 1, tolerance: 1e-6 } as const;
      using model = await GaussianMixture.fit(rows, options);
      const found = (await model.means.read()) as Float32Array;
      const names = namesOf(found);
      expect(new Set(names).size).toBe(k);
      expect(equalPart(await model.predict(rows).read(), labels, names)).toBeGreaterThanOrEqual(0.999);
      const [shares, covariances] = [await model.weights.read(), await model.covariances.read()];
      for (const [c, at] of names.entries()) {
        const count = n * weights[c]!;
        // four standard errors of a share, of a mean, and of a covariance
        expect(Math.abs(shares[at]! - weights[c]!)).toBeLessThan(4 * Math.sqrt((weights[c]! * (1 - weights[c]!)) / n));
        const entry = (i: number, j: number) =>
          [0, 1, 2].reduce((sum, m) => sum + factors[c]![i * d + m]! * factors[c]![j * d + m]!, 0);
        for (let i = 0; i < d; i++) {
          expect(Math.abs(found[at * d + i]! - means[c]![i]!)).toBeLessThan(4 * Math.sqrt(entry(i, i) / count));
          for (let j = 0; j < d; j++) {
            const deviation = Math.sqrt((entry(i, i) * entry(j, j) + entry(i, j) ** 2) / count);
            expect(Math.abs(covariances[(at * d + i) * d + j]! - entry(i, j))).toBeLessThan(4 * deviation);
          }
        }
      }
      const { history } = model;
      for (let i = 1; i < history.length; i++)
        expect(history[i]! - history[i - 1]!).toBeGreaterThan(-4 * 2 ** -23 * Math.abs(history[0]!));
    },
  );

  test("has the labels that KMeans finds", async () => {
    const { x, labels } = hidden(5);
    using rows = gpu.tensor(x, [n, d]);
    using model = await KMeans.fit(rows, { clusters: k, restarts: 3, seed: 1 });
    const names = namesOf((await model.centers.read()) as Float32Array);
    expect(equalPart(await model.predict(rows).read(), labels, names)).toBeGreaterThanOrEqual(0.999);
  });
});

test("a hidden Gaussian is found within the errors of its sample, and its density within 1e-5 of the formula", async () => {
  const { x, labels } = hidden(7);
  const own = x.filter((_, at) => labels[Math.floor(at / d)] === 3);
  const count = own.length / d;
  using model = await Gaussian.fit(gpu.tensor(own, [count, d]));
  const [mean, covariance] = [await model.mean.read(), await model.covariance.read()];
  const l = factors[3]!;
  for (let i = 0; i < d; i++) {
    const variance = [0, 1, 2].reduce((sum, m) => sum + l[i * d + m]! ** 2, 0);
    expect(Math.abs(mean[i]! - means[3]![i]!)).toBeLessThan(4 * Math.sqrt(variance / count));
    expect(Math.abs(covariance[i * d + i]! - variance)).toBeLessThan(4 * variance * Math.sqrt(2 / count));
  }
  // of its own rows, the mean of cᵀΣ⁻¹c is d exactly
  const logDet = Math.log(
    [0, 1, 2].reduce((sum, i) => {
      const [p, q] = [(i + 1) % 3, (i + 2) % 3];
      const at = (r: number, c: number) => covariance[r * d + c]!;
      return sum + at(0, i) * (at(1, p) * at(2, q) - at(1, q) * at(2, p));
    }, 0),
  );
  const expected = -0.5 * (d + logDet + d * Math.log(2 * Math.PI));
  expect(Math.abs((await model.score(gpu.tensor(own, [count, d]))) / expected - 1)).toBeLessThan(1e-5);
});
