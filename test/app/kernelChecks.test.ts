import { afterAll, beforeAll, expect, test } from "vitest";
import { kernelChecks } from "../../src/app/page/trust/kernelChecks.ts";
import type { Gpu } from "../../src/index.ts";
import { type Check, checks, COLUMNS, ROWS, selfTest } from "../../src/program/selfTest.ts";
import { unitUniforms } from "../../src/data/philox.ts";
import { opener } from "../helpers.ts";

// What the page's tab Trust runs on the visitor's adapter.

const open = opener();
let gpu: Gpu;
let list: readonly Check[];
beforeAll(async () => {
  gpu = await open();
  list = [...checks, ...kernelChecks(gpu)];
});
afterAll(() => gpu.dispose());

test("each check keeps its bound, twice by the same bits, and frees what it took", async () => {
  expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
  const { failures, results } = await selfTest(gpu, list);
  expect(failures).toEqual([]);
  for (const { name, scale } of results) expect(scale, name).toBeGreaterThan(0);
  expect(gpu.memory().buffers).toBe(0);
});

test("inputs of half precision, 11 bits, exceed every bound that is not 0", () => {
  const values = unitUniforms(ROWS * COLUMNS, 1, 0);
  const half = values.map((value) => {
    const step = 2 ** (Math.floor(Math.log2(value)) - 10);
    return Math.floor(value / step) * step;
  });
  const inexact = list.filter(({ tolerance }) => tolerance > 0);
  expect(inexact.length).toBeGreaterThan(20);
  for (const { name, expected, tolerance } of inexact) {
    // "sum of all" has one element, the fewest
    const elements = name === "sum of all" ? [0] : Array.from({ length: 25 }, (_, i) => i);
    const exact = elements.map((i) => expected(values, i));
    const off = Math.max(...elements.map((i, k) => Math.abs(expected(half, i) - exact[k]!)));
    expect(off, name).toBeGreaterThan(tolerance * Math.max(...exact.map(Math.abs)));
  }
});
