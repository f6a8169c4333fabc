// Cholesky's rule for bad pivots where many are bad, by the kernels of software adapters and by those of hardware.

import { afterAll, beforeAll, expect, test } from "vitest";
import { linalg } from "../src/linalg/index.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { hardwareRoutes, openShared } from "./helpers.ts";

const adapters: Gpu[] = [];
beforeAll(async () => {
  adapters.push(await openShared(), hardwareRoutes(await openShared()));
});
afterAll(() => {
  for (const gpu of adapters) gpu.dispose();
});

/** A matrix whose factor holds small whole numbers, so that f32 computes it exactly, with `bad` on the diagonal of every third row. */
function spoilt(n: number, bad: number) {
  const l = (i: number, j: number): number => (i === j ? 2 : i > j && i - j < 3 ? ((i + 2 * j) % 3) - 1 : 0);
  const good = Array.from({ length: n }, (_, i) => i % 3 !== 1);
  const a = new Float32Array(n * n);
  const factor = new Float32Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      for (let k = 0; k <= Math.min(i, j); k++) if (good[i] && good[j] && good[k]) a[i * n + j]! += l(i, k) * l(j, k);
      // what stands in a bad row and column has no effect
      if (!good[i] || !good[j]) a[i * n + j] = i === j ? bad : 1;
      factor[i * n + j] = good[i] && good[j] ? l(i, j) : Number(i === j);
    }
  return { a, factor };
}

test.each([
  ["negative", -5],
  ["zero", 0],
  ["below the normal numbers", 1e-40],
  ["NaN", NaN],
])("every third pivot is %s: the others' factor is that of their rows and columns", async (_, bad) => {
  const n = 71;
  for (const gpu of adapters) {
    const { a, factor: expected } = spoilt(n, bad);
    const { factor, failedPivot } = linalg.cholesky(gpu.tensor(a, [n, n]));
    const found = await factor.read();
    expect(await failedPivot.item()).toBe(1);
    // every pivot is a square and every quotient a whole number: 8 roundings of numbers up to 2
    for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(2 ** -20);
  }
});

test("no pivot of zeros is good: the factor is the identity", async () => {
  for (const gpu of adapters) {
    const found = await linalg.cholesky(gpu.zeros([65, 65])).factor.read();
    for (const [i, value] of found.entries()) expect(value).toBe(Number(i % 66 === 0));
  }
});
