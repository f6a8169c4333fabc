import { afterAll, beforeAll, expect, it } from "vitest";
import { Moments } from "../src/linalg/moments.ts";
import { classRows } from "../src/metrics/classMoments.ts";
import { classScore } from "../src/metrics/classScore.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

it("of three confident samples of different classes is 2.0222577742", async () => {
  const p = gpu.tensor([
    [0.9, 0.05, 0.05],
    [0.05, 0.9, 0.05],
    [0.05, 0.05, 0.9],
  ]);
  const { value: score, information, splits, n } = await classScore(p);
  // inputs are float32
  expect(score).toBeCloseTo(2.0222577742, 6);
  expect(information).toBeCloseTo(0.7042145972, 6);
  expect([splits, n]).toEqual([1, { generated: 3 }]);
});

it("of equal rows is 1, of balanced certain rows the number of classes", async () => {
  expect(
    (
      await classScore(
        gpu.tensor([
          [0.2, 0.8],
          [0.2, 0.8],
        ]),
      )
    ).value,
  ).toBe(1);
  expect(
    (
      await classScore(
        gpu.tensor([
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ]),
      )
    ).value,
  ).toBeCloseTo(3, 12);
  expect((await classScore(gpu.tensor([[1, 0, 0]]))).value).toBe(1);
});

it("of sorted samples is that of shuffled ones where there is one split", async () => {
  const rows = Array.from({ length: 20 }, (_, i) => (i < 10 ? [1, 0] : [0, 1]));
  const p = gpu.tensor(rows);
  expect((await classScore(p)).value).toBeCloseTo((await classScore(p, { seed: 3 })).value, 12);
  expect((await classScore(p, { splits: 2, shuffle: false })).value).toBeCloseTo(1, 12);
  expect((await classScore(p, { splits: 2, seed: 3 })).value).toBeGreaterThan(1.5);
});

it("names what is wrong", async () => {
  const p = gpu.tensor([[0.5, 0.5]]);
  await expect(classScore(p, { splits: 2 })).rejects.toThrow(/splits in \[1, 1\].*got 2/);
  await expect(classScore(gpu.tensor([[0.5, 0.9]]))).rejects.toThrow(/row 0 is no distribution/);
  await expect(classScore(gpu.tensor([0.5]))).rejects.toThrow(/expected probabilities \[n, classes\]/);
});

it("of moments that were merged from shards is that of all samples, with deviation, bias and interval", async () => {
  // one class never comes, and one row is certain
  const rows = Array.from({ length: 30 }, (_, i) => {
    const heights = [1 + ((i * 7) % 5), 2 + ((i * 3) % 4), (i * i) % 3, 0];
    const total = heights.reduce((a, b) => a + b, 0);
    return i === 4 ? [1, 0, 0, 0] : heights.map((height) => height / total);
  });
  const [first, second] = [rows.slice(0, 11), rows.slice(11)].map((part) => Moments.of(classRows(gpu.tensor(part))));
  const found = await classScore({ moments: (await first!).merge(await second!) });
  const expected = await classScore(gpu.tensor(rows));
  expect([found.n, found.splits, found.scores.length]).toEqual([{ generated: 30 }, 1, 1]);
  // Σ p log p is rounded to f32: 2⁻²⁴ of up to log 4 nats, some roundings each; the gains here are a tenth of a nat
  for (const part of ["value", "information", "deviation", "bias"] as const)
    expect(Math.abs(found[part]! / expected[part]! - 1)).toBeLessThan(1e-5);
  for (const end of [0, 1]) expect(found.interval![end]!).toBeCloseTo(expected.interval![end]!, 5);
});

it("refuses moments of other rows, and splits of moments", async () => {
  const others = await Moments.of(gpu.tensor([[1, 2], [3, 5]])); // prettier-ignore
  const wrong = async (work: () => Promise<unknown>) => (await failure(work)).message;
  expect(await wrong(() => classScore({ moments: others }))).toContain("whose means sum to 1; got a sum of 2");
  expect(await wrong(() => classScore({ moments: 3 }))).toContain("expected moments as Moments of classRows");
  expect(await wrong(() => classScore({ moments: others }, { splits: 2 }))).toContain("expected splits 1 with moments");
});
