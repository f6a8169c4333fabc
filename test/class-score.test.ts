import { afterAll, beforeAll, expect, it } from "vitest";
import { classScore } from "../src/metrics/classScore.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Gpu } from "../src/program/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
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
