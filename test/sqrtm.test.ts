import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linalg } from "../src/linalg/index.ts";
import { roundingOfPivots, semidefiniteFactor, semidefiniteRows } from "../src/linalg/semidefinite.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { failure, openShared } from "./helpers.ts";
import { gap, graded, norm, orthogonal, product, symmetric, transposed, values } from "./spectra.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const halfZero = (n: number) => graded(n, 0.1).map((value, i) => (i < n / 2 ? value : 0));
/** What pivots must be above: what rounding leaves of a zero. */
const leastOf = (a: Float64Array, n: number) => {
  const own = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  return own.map((value) => roundingOfPivots(n) * Math.sqrt(value * Math.max(...own)));
};

describe("factors with pivoting", () => {
  test.each([
    ["definite", 5, graded(5, 0.1), 5],
    ["definite, in three blocks", 70, graded(70, 0.1), 70],
    ["of half rank, in three blocks", 96, halfZero(96), 48],
    ["of half rank, 129 rows", 129, halfZero(129), 65],
    ["of rank one", 40, graded(40, 1).map((_, i) => (i === 0 ? 1 : 0)), 1],
    ["zero", 33, new Float64Array(33), 0],
  ])("of a matrix that is %s", async (_, n, spectrum, expected) => {
    const a = symmetric(orthogonal(n, 3), spectrum);
    const { factor, rank, rest } = semidefiniteRows(gpu.tensor(a, [n, n]), gpu.tensor(leastOf(a, n)));
    expect(await rank.item()).toBe(expected);
    const l = await values(factor);
    expect(gap(product(transposed(l, n, n), l, n, n, n), a)).toBeLessThanOrEqual(n * 2 ** -23 * norm(a));
    expect(l.subarray(expected * n).every((value) => value === 0)).toBe(true);
    const left = await values(rest);
    expect(left.filter((value) => value < -1e30).length).toBe(expected);
    for (const [i, value] of left.entries()) expect(value).toBeLessThanOrEqual(1.001 * leastOf(a, n)[i]!);
  });

  test("takes the pivots that float64 on the CPU takes, in a stack", async () => {
    const n = 48;
    const both = [symmetric(orthogonal(n, 3), graded(n, 1e-3)), symmetric(orthogonal(n, 4), halfZero(n))];
    const { factor, rank } = semidefiniteRows(
      gpu.tensor(Float64Array.from(both.flatMap((a) => [...a])), [2, n, n]),
      gpu.tensor(Float64Array.from(both.flatMap((a) => [...leastOf(a, n)])), [2, n]),
    );
    const l = await values(factor);
    for (const [s, a] of both.entries()) {
      const cpu = semidefiniteFactor(a, n, roundingOfPivots(n));
      expect((await rank.read())[s]).toBe(cpu.rank);
      const got = transposed(l.subarray(s * n * n, (s + 1) * n * n), n, n);
      for (let i = 0; i < n; i++)
        for (let k = 0; k < cpu.rank; k++)
          expect(Math.abs(got[i * n + k]! - cpu.factor[i * cpu.rank + k]!)).toBeLessThan(1e-3);
    }
  });
});

describe("sqrtm", () => {
  test("of a matrix with whole numbers is scipy's", async () => {
    // scipy.linalg.sqrtm([[5, 4, 1], [4, 6, 2], [1, 2, 3]]), SciPy 1.17.1
    const expected = [
      2.030285478569, 0.924780580777, 0.150737364084, 0.924780580777, 2.21678185648, 0.480269797302, 0.150737364084,
      0.480269797302, 1.657292722747,
    ];
    const { root, residual } = linalg.sqrtm(
      gpu.tensor([
        [5, 4, 1],
        [4, 6, 2],
        [1, 2, 3],
      ]),
    );
    for (const [i, value] of (await values(root)).entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(4e-6);
    expect(await residual.item()).toBeLessThan(1e-6);
  });

  test.each([
    ["well conditioned", 64, graded(64, 0.1)],
    ["graded by 10⁸, 129 rows", 129, graded(129, 1e-8)],
    ["of half rank", 96, halfZero(96)],
    ["zero", 8, new Float64Array(8)],
  ])("of a matrix that is %s", async (_, n, spectrum) => {
    const q = orthogonal(n, 5);
    const a = symmetric(q, spectrum);
    const { root, residual } = linalg.sqrtm(gpu.tensor(a, [n, n]));
    const r = await values(root);
    expect(await residual.item()).toBeLessThan(2 ** -14);
    // roots of eigenvalues that rounding of a (√n units) hides: their square roots are as far off
    const exact = symmetric(q, spectrum.map(Math.sqrt));
    expect(gap(r, exact)).toBeLessThanOrEqual(2 * Math.sqrt(n * roundingOfPivots(n) * norm(a)));
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(r[j * n + i]);
  });

  test("of a matrix that is not semidefinite, the residual tells", async () => {
    const stack = gpu.tensor([
      [
        [1, 0],
        [0, -1],
      ],
      [
        [-1, 0],
        [0, -1],
      ],
      [
        [0, 1],
        [1, 0],
      ],
      [
        [4, 0],
        [0, 9],
      ],
    ]);
    const { root, residual } = linalg.sqrtm(stack);
    const expected = [Math.SQRT1_2, 1, 1, 0];
    for (const [i, value] of (await values(residual)).entries())
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
    for (const value of await values(root)) expect(Number.isFinite(value)).toBe(true);
  });

  test("of no square matrix is refused", async () => {
    const { code, message } = await failure(() => linalg.sqrtm(gpu.tensor([[1, 2, 3]])));
    expect(code).toBe("shape");
    expect(message).toContain("linalg.sqrtm: no square matrix. Expected [..., n, n]; got [1, 3]");
  });
});
