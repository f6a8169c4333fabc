import { expect, it } from "vitest";
import { grad, linalg } from "../src/index.ts";
import * as ops from "../src/graph/ops/index.ts";
import type { Tensor } from "../src/index.ts";
import { opener, openShared } from "./helpers.ts";

const open = opener(openShared);

const ROWS = 3;
const SIZE = 96;
/** f32 numbers around 10⁶, of which neighbours lie 1/16 apart, with deviations of about 1. */
const numbers = Float32Array.from({ length: ROWS * SIZE }, (_, i) => 1e6 + 2 * Math.sin(1 + 1.7 * i));

/** Deviations of each row from its mean, and the mean squared one, in float64. */
const rows = Array.from({ length: ROWS }, (_, r) => {
  const row = [...numbers.subarray(r * SIZE, (r + 1) * SIZE)];
  const mean = row.reduce((a, b) => a + b, 0) / SIZE;
  const deviations = row.map((value) => value - mean);
  return { deviations, square: deviations.reduce((a, b) => a + b * b, 0) / SIZE };
});
const standard = rows.flatMap(({ deviations, square }) => deviations.map((d) => d / Math.sqrt(square + 1e-5)));
const squares = rows.map(({ square }) => square);

const columns = (x: Tensor): Tensor => ops.transpose(x, [1, 0]);

/** [name, what it computes of x [ROWS, SIZE], the same in float64] */
const cases: [string, (x: Tensor) => Tensor, readonly number[]][] = [
  ["variance", (x) => ops.variance(x, 1), squares],
  ["variance of columns", (x) => ops.variance(columns(x), 0), squares],
  ["std", (x) => ops.std(x, 1), squares.map(Math.sqrt)],
  ["normalise", (x) => ops.normalise(x, 1), standard],
  ["layerNorm", (x) => ops.layerNorm(x), standard],
  ["groupNorm", (x) => ops.groupNorm(ops.reshape(x, [1, ROWS, SIZE]), { groups: ROWS }), standard],
  ["instanceNorm", (x) => ops.instanceNorm(ops.reshape(x, [1, ROWS, SIZE])), standard],
  ["batchNorm", (x) => columns(ops.batchNorm(columns(x))), standard],
  ["batchStatistics", (x) => ops.batchStatistics(columns(x)).variance, squares],
  ["covariance", (x) => linalg.covariance(columns(ops.slice(x, 0, 0, 1)), { ddof: 0 }), [squares[0]!]],
];

it.each(cases)("%s is right where the mean is 10⁶ times the deviation", async (_name, of, expected) => {
  const gpu = await open();
  const x = gpu.tensor(numbers, [ROWS, SIZE]);
  const got = await of(x).read();
  // a few roundings of numbers of about 1: the rounded mean alone was 0.03 off
  for (const [i, value] of expected.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(4e-6);
});

it("so is the gradient of the variance", async () => {
  const gpu = await open();
  const x = gpu.tensor(numbers, [ROWS, SIZE]);
  const [slope] = grad(ops.sum(ops.variance(x, 1)), [x]);
  const got = await slope.read();
  const expected = rows.flatMap(({ deviations }) => deviations.map((d) => (2 * d) / SIZE));
  for (const [i, value] of expected.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(1e-7);
});
