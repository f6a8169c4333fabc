import { afterAll, beforeAll, expect, test } from "vitest";
import {
  classScore,
  clippedDensityCoverage,
  frechetDistance,
  type Gpu,
  kernelDistance,
  nearestNeighbourTest,
  precisionRecall,
  type Score,
  vendiScore,
} from "../src/index.ts";
import { normalTail } from "../src/metrics/statistics.ts";
import { normalOf } from "../bench/random.ts";
import { generator } from "./table/row.ts";
import { openShared } from "./helpers.ts";

/**
 * How often 95 % intervals hold the true value. `REPEATS=200 npx vitest run --config test/vitest.config.ts intervals` prints the shares of 200 draws, which have
 * to lie between 90 and 98 %; without it there are few draws, and only an interval that is plainly wrong shows.
 */
const REPEATS = Number(process.env.REPEATS ?? 24);
/** Draws of a right interval miss more often than this once in a thousand times. */
const LEAST = REPEATS >= 200 ? 0.9 * REPEATS : REPEATS - 5;
const MOST = REPEATS >= 200 ? 0.98 * REPEATS : REPEATS;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const random = generator(11);
const normal = () => normalOf(random);
const draw = (n: number, d: number, of: (j: number) => number): number[][] =>
  Array.from({ length: n }, () => Array.from({ length: d }, (_, j) => of(j)));

/** Draws again and again; prints and checks how often the interval holds the truth. */
async function covers(name: string, truth: number, once: () => Promise<Score>): Promise<void> {
  let held = 0;
  for (let t = 0; t < REPEATS; t++) {
    const [low, high] = (await once()).interval!;
    held += Number(low <= truth && truth <= high);
  }
  console.log(`${name}: ${held} of ${REPEATS} intervals hold the true value`);
  expect(held).toBeGreaterThanOrEqual(LEAST);
  expect(held).toBeLessThanOrEqual(MOST);
}

test("Fréchet distances of rectified features, 200 rows of 8", async () => {
  // E max(0, a + s·z) and its variance, for a = 0, s = 1 and for a = 0.2, s = 1.2
  const moments = (a: number, s: number) => {
    const [pdf, cdf] = [Math.exp((-a * a) / (2 * s * s)) / Math.sqrt(2 * Math.PI), 1 - normalTail(a / s)];
    const mean = a * cdf + s * pdf;
    return { mean, deviation: Math.sqrt((a * a + s * s) * cdf + a * s * pdf - mean ** 2) };
  };
  const [one, two] = [moments(0, 1), moments(0.2, 1.2)];
  const truth = 8 * ((one.mean - two.mean) ** 2 + (one.deviation - two.deviation) ** 2);
  await covers("Fréchet distance", truth, () =>
    frechetDistance(
      draw(200, 8, () => Math.max(0, normal())),
      draw(200, 8, () => Math.max(0, 0.2 + 1.2 * normal())),
      { gpu },
    ),
  );
});

test("kernel distances of two normal laws, 200 rows of 4", async () => {
  // E (x·y/4 + 1)³ by the first three cumulants of x·y: 2.19, 3.89 and 2.37 of pairs within and across
  await covers("kernel distance", 1.328125, () =>
    kernelDistance(gpu.tensor(draw(200, 4, normal)), gpu.tensor(draw(200, 4, () => 0.5 + normal()))),
  );
});

test("Inception-type scores of 8 classes, 200 rows", async () => {
  const share = () => {
    const heights = Array.from({ length: 8 }, (_, c) => Math.exp(2 * normal() + (c % 3)));
    const total = heights.reduce((a, b) => a + b, 0);
    return heights.map((height) => height / total);
  };
  // the law's own score, from so many rows that its error is a hundredth of an interval's width
  const many = Array.from({ length: 400_000 }, share);
  const { value } = await classScore(many);
  await covers("class score", value, () => classScore(Array.from({ length: 200 }, share)));
});

test("precision of two normal laws, 100 rows of 2", async () => {
  // the mean over 4,000 draws of so many rows, by NumPy: test/oracles/precision.py
  await covers("precision", 0.88306, async () => {
    const [a, b] = [gpu.tensor(draw(100, 2, normal)), gpu.tensor(draw(100, 2, () => 1 + normal()))];
    return precisionRecall(a, b).finally(() => [a, b].forEach((x) => x.dispose()));
  });
});

test("limits of a share end at 0 and 1", async () => {
  const [real, other] = [draw(40, 2, normal), draw(40, 2, normal)];
  const near = real.map((row) => row.map((v) => v + 1e-3));
  const far = other.map((row) => row.map((v) => v + 4));
  const limits: (readonly [number, number])[] = [];
  for (const generated of [near, far])
    for (const measure of [precisionRecall, clippedDensityCoverage, nearestNeighbourTest]) {
      const { interval, intervals = {} } = await (measure as typeof precisionRecall)(real, generated, {
        gpu,
        resamples: 8,
      });
      limits.push(interval!, ...Object.values(intervals as { [part: string]: readonly [number, number] }));
    }
  expect(Math.min(...limits.flat())).toBe(0);
  expect(Math.max(...limits.flat())).toBe(1);
});

test("limits of one row again and again are in order, though rounding takes its one mode below 1", async () => {
  const { value, interval } = await vendiScore(Array(40).fill([0.3, 0.7, 0.1]) as number[][], { gpu, resamples: 4 });
  expect(value).toBeCloseTo(1, 5);
  expect(interval![0]).toBeLessThanOrEqual(interval![1]);
});
