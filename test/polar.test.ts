import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { matmul } from "../src/graph/ops/matmul.ts";
import { linalg } from "../src/linalg/index.ts";
import { scales } from "../src/linalg/polar.ts";
import { eigenvalues } from "../src/linalg/tridiagonal.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { failure, openShared } from "./helpers.ts";
import { gap, graded, norm, product, reflected, transposed, values } from "./spectra.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

describe("polar", () => {
  test("takes a fixed number of steps, the last ones those of Newton and Schulz", () => {
    expect(scales().length).toBe(22);
    expect(scales().at(-1)).toBe(1);
  });

  // a = u · diag σ · vᵀ with known reflections u and v, so the factors are u·vᵀ and v · diag σ · vᵀ
  test.each([
    ["flat", 64, 64, 1],
    ["tall", 70, 33, 0.1],
    ["wide", 33, 70, 0.1],
    ["graded by 10⁴", 64, 64, 1e-4],
    ["with sizes that are no multiple of 4", 129, 65, 1e-3],
    ["of one row", 1, 5, 1],
  ] as const)("of a matrix that is %s: %i × %i, least singular value %f", async (_, m, n, least) => {
    const k = Math.min(m, n);
    const sigma = graded(k, least);
    const { a, unitary, positive } = reflected(m, n, sigma);
    const got = linalg.polar(gpu.tensor(a, [m, n]));
    const [u, p] = [await values(got.unitary), await values(got.positive)];
    // the unitary factor is as sensitive as 2 / (σ_k + σ_{k−1}): two roundings of a, then of the steps
    expect(gap(u, unitary)).toBeLessThan((16 * Math.sqrt(k) * 2 ** -24) / least);
    expect(gap(p, positive)).toBeLessThan(2 ** -16 * norm(a));
    expect(gap(product(u, p, m, n, n), a)).toBeLessThan(2 ** -16 * norm(a));
    const gram = m < n ? product(u, transposed(u, m, n), m, n, m) : product(transposed(u, m, n), u, n, m, n);
    for (const [i, value] of gram.entries())
      expect(Math.abs(value - (i % (k + 1) === 0 ? 1 : 0))).toBeLessThan(2 ** -14);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(p[i * n + j]).toBe(p[j * n + i]);
  });

  test.each([
    ["half of the singular values zero", (k: number) => graded(k, 1).map((_, i) => (i % 2 === 0 ? 1 : 0))],
    ["singular values down to 10⁻¹²", (k: number) => graded(k, 1e-12)],
    ["one large singular value", (k: number) => graded(k, 1e-9).map((_, i) => (i === 0 ? 1 : 1e-9))],
  ])("of a matrix with %s: the product and the positive factor hold", async (_, spectrum) => {
    const n = 96;
    const { a, positive } = reflected(n, n, spectrum(n));
    const got = linalg.polar(gpu.tensor(a, [n, n]));
    const [u, p] = [await values(got.unitary), await values(got.positive)];
    expect(gap(product(u, p, n, n, n), a)).toBeLessThan(2 ** -16 * norm(a));
    expect(gap(p, positive)).toBeLessThan(2 ** -16 * norm(a));
    expect(eigenvalues(p, n)[0]).toBeGreaterThan(-(2 ** -18) * norm(a));
    const lengths = eigenvalues(product(transposed(u, n, n), u, n, n, n), n);
    expect(lengths[0]).toBeGreaterThan(-1e-5);
    expect(lengths.at(-1)).toBeLessThan(1 + 1e-5);
  });

  test("of zeros, of huge and of tiny numbers, in a stack", async () => {
    const stack = gpu.tensor([
      [
        [0, 0],
        [0, 0],
      ],
      [
        [3e30, 0],
        [0, -1e30],
      ],
      [
        [0, 2e-30],
        [1e-30, 0],
      ],
    ]);
    const { unitary, positive } = linalg.polar(stack);
    const expected = [0, 0, 0, 0, 1, 0, 0, -1, 0, 1, 1, 0];
    for (const [i, value] of (await values(unitary)).entries())
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
    const p = await values(positive);
    for (const [i, value] of [0, 0, 0, 0, 3e30, 0, 0, 1e30, 1e-30, 0, 0, 2e-30].entries())
      expect(Math.abs(p[i]! - value)).toBeLessThanOrEqual(1e-5 * value);
  });

  test("gives the same bits again, and composes with other ops", async () => {
    const { a } = reflected(40, 40, graded(40, 1e-2));
    const x = gpu.tensor(a, [40, 40]);
    const [first, second] = [linalg.polar(x), linalg.polar(x)];
    expect(await first.unitary.read()).toEqual(await second.unitary.read());
    const back = await values(matmul(linalg.polar(x).unitary, linalg.polar(x).positive));
    expect(gap(back, a)).toBeLessThan(2 ** -16 * norm(a));
  });

  test("of no matrix is refused", async () => {
    const { code, message } = await failure(() => linalg.polar(gpu.tensor([1, 2, 3])));
    expect(code).toBe("shape");
    expect(message).toContain("linalg.polar: expected matrices [..., m, n]; got [3]");
  });
});
