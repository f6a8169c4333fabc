import { describe, expect, test } from "vitest";
import { unitUniforms } from "../src/data/philox.ts";
import type { KernelSums } from "../src/metrics/kernelSums.ts";
import { kernelVariance } from "../src/metrics/kernelVariance.ts";

type Set = readonly (readonly [number, number])[];

/** Points of the square from `shift` to 1 + `shift`. */
const points = (count: number, seed: number, shift = 0): Set => {
  const values = unitUniforms(2 * count, seed, 0);
  return Array.from({ length: count }, (_, i) => [values[2 * i]! + shift, values[2 * i + 1]! + shift] as const);
};
const kernel = (a: readonly [number, number], b: readonly [number, number]): number =>
  Math.exp(-2 * ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2));

/** Sums of the kernel, those of a set with itself without the diagonal. */
function sumsOf(a: Set, b: Set): KernelSums {
  const isOwn = a === b;
  const k = a.map((x, i) => b.map((y, j) => (isOwn && i === j ? 0 : kernel(x, y))));
  const [rows, columns] = [new Float64Array(a.length), new Float64Array(b.length)];
  let [total, squares] = [0, 0];
  for (const [i, row] of k.entries())
    for (const [j, value] of row.entries()) {
      rows[i]! += value;
      columns[j]! += value;
      total += value;
      squares += value ** 2;
    }
  // pairs of one number count as the others do: the sums' diagonal may stand in either place
  return { rows, columns, total, squares, diagonal: 0, diagonalSquares: 0 };
}

const deviationOf = (x: Set, y: Set): number =>
  kernelVariance(sumsOf(x, x), sumsOf(y, y), sumsOf(x, y), x.length, y.length, 1).deviation;

const unbiased = (x: Set, y: Set): number => {
  const [n, m] = [x.length, y.length];
  return sumsOf(x, x).total / (n * (n - 1)) + sumsOf(y, y).total / (m * (m - 1)) - (2 * sumsOf(x, y).total) / (n * m);
};

describe("the deviation of a kernel distance of sets of unlike size", () => {
  test("is the variance of U-statistics, its means taken over all unlike rows one by one", () => {
    const [x, y] = [points(6, 1), points(9, 2, 1)];
    const [n, m] = [x.length, y.length];
    /** The mean of `of` over all lists of rows in which rows of one set differ. */
    const mean = (of: (x0: number, x1: number, x2: number, y0: number, y1: number, y2: number) => number): number => {
      let [total, count] = [0, 0];
      for (const [x0, x1, x2] of triples(n))
        for (const [y0, y1, y2] of triples(m)) [total, count] = [total + of(x0, x1, x2, y0, y1, y2), count + 1];
      return total / count;
    };
    const kx = (i: number, j: number) => kernel(x[i]!, x[j]!);
    const ky = (i: number, j: number) => kernel(y[i]!, y[j]!);
    const c = (i: number, j: number) => kernel(x[i]!, y[j]!);
    const [mx, my, mc] = [
      mean((a, b) => kx(a, b)),
      mean((_a, _b, _c, d, e) => ky(d, e)),
      mean((a, _b, _c, d) => c(a, d)),
    ];
    const varianceX =
      (4 * (n - 2) * (mean((a, b, e) => kx(a, b) * kx(a, e)) - mx ** 2) +
        2 * (mean((a, b) => kx(a, b) ** 2) - mx ** 2)) /
      (n * (n - 1));
    const varianceY =
      (4 * (m - 2) * (mean((_a, _b, _c, d, e, f) => ky(d, e) * ky(d, f)) - my ** 2) +
        2 * (mean((_a, _b, _c, d, e) => ky(d, e) ** 2) - my ** 2)) /
      (m * (m - 1));
    const varianceC =
      ((m - 1) * (mean((a, _b, _c, d, e) => c(a, d) * c(a, e)) - mc ** 2) +
        (n - 1) * (mean((a, b, _c, d) => c(a, d) * c(b, d)) - mc ** 2) +
        mean((a, _b, _c, d) => c(a, d) ** 2) -
        mc ** 2) /
      (n * m);
    const covarianceX = (2 * (mean((a, b, _c, d) => kx(a, b) * c(a, d)) - mx * mc)) / n;
    const covarianceY = (2 * (mean((a, _b, _c, d, e) => ky(d, e) * c(a, d)) - my * mc)) / m;
    const variance = varianceX + varianceY + 4 * varianceC - 4 * covarianceX - 4 * covarianceY;
    expect(deviationOf(x, y) ** 2 / variance).toBeCloseTo(1, 9);
  });

  // of 300 draws the root mean square of the deviation is known to 5 %, that of the value to 4 %
  test.each([
    ["equal laws, to first order 1.4 times too wide", 0, 0.85, 1.3],
    ["laws that differ", 0.5, 0.85, 1.15],
  ])("is what the value varies by: %s", (_, shift, least, most) => {
    const draws = Array.from({ length: 300 }, (_unused, k) => {
      const [x, y] = [points(15, 2 * k + 1), points(45, 2 * k + 2, shift)];
      return { value: unbiased(x, y), deviation: deviationOf(x, y) };
    });
    const mean = draws.reduce((sum, { value }) => sum + value, 0) / draws.length;
    const spread = draws.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / (draws.length - 1);
    const found = draws.reduce((sum, { deviation }) => sum + deviation ** 2, 0) / draws.length;
    expect(Math.sqrt(found / spread)).toBeGreaterThan(least);
    expect(Math.sqrt(found / spread)).toBeLessThan(most);
  });
});

/** All lists of three unlike numbers below `count`. */
function* triples(count: number): Generator<[number, number, number]> {
  for (let a = 0; a < count; a++)
    for (let b = 0; b < count; b++) for (let c = 0; c < count; c++) if (a !== b && a !== c && b !== c) yield [a, b, c];
}
