import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gpu, grad, linalg, mul, sum, type Tensor } from "../src/index.ts";
import { eachMatrix } from "../src/linalg/eachMatrix.ts";
import { svdOnGpu } from "../src/linalg/spectrumGpu.ts";
import { failure, openShared } from "./helpers.ts";
import { graded, product, reflected, transposed } from "./spectra.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Matrix = readonly (readonly number[])[];
/** By NumPy and SciPy in float64: test/oracles/linalg.py. */
const { nuclear, roots } = JSON.parse(readFileSync(new URL("oracles/linalg.json", import.meta.url), "utf8")) as {
  readonly nuclear: readonly { a: Matrix; values: number[]; norm: number; gradient: Matrix }[];
  readonly roots: readonly { a: Matrix; weights: Matrix; root: Matrix; gradient: Matrix }[];
};
const values = async (x: Tensor) => Float64Array.from(await x.read());
const most = (x: Float64Array) => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
const gap = (x: Float64Array, y: ArrayLike<number>) => most(x.map((value, i) => value - y[i]!));

/** Largest errors of u · diag(s) · vh against a [m, n], and of the orthogonality of both. */
function errorsOf(a: Float64Array, u: Float64Array, s: Float64Array, vh: Float64Array, m: number, n: number) {
  const k = s.length;
  const us = u.map((value, at) => value * s[at % k]!);
  const eye = Float64Array.from({ length: k * k }, (_, at) => Number(at % (k + 1) === 0));
  return {
    residual: gap(product(us, vh, m, k, n), a) / (most(s) || 1),
    left: gap(product(transposed(u, m, k), u, k, m, k), eye),
    right: gap(product(vh, transposed(vh, k, n), k, n, k), eye),
  };
}

describe.each([
  ["on the CPU", (a: Tensor) => linalg.svd(a)],
  ["on the GPU", (a: Tensor) => svdOnGpu("test", gpu, a)],
] as const)("singular vectors %s", (_, svd) => {
  const ramp = (m: number, n: number) => Float64Array.from({ length: m * n }, (_, i) => Math.sin(i * i + 1));
  const outer = (m: number, n: number) =>
    Float64Array.from({ length: m * n }, (_, at) => (1 + Math.floor(at / n)) * ((at % n) - 2));
  it.each([
    ["tall", 9, 4, ramp(9, 4)],
    ["wide", 4, 9, ramp(4, 9)],
    ["of rank 1", 7, 5, outer(7, 5)],
    ["zero", 4, 3, new Float64Array(12)],
    ["of condition 1e6", 24, 24, reflected(24, 24, graded(24, 1e-6)).a],
  ] as const)("of a matrix that is %s", async (_, m, n, a) => {
    const x = gpu.tensor(a, [m, n]);
    const before = gpu.memory().buffers;
    const { u, s, vh } = await svd(x);
    expect(gpu.memory().buffers).toBe(before + 3);
    const k = Math.min(m, n);
    expect([u.shape, s.shape, vh.shape]).toEqual([[m, k], [k], [k, n]]);
    const found = await values(s);
    const single = await values(await linalg.svdvals(gpu.tensor(a, [m, n])));
    const { residual, left, right } = errorsOf(a, await values(u), found, await values(vh), m, n);
    expect(Math.max(residual, left, right)).toBeLessThan(1e-5);
    expect(gap(found, single)).toBeLessThanOrEqual(1e-5 * most(single));
    for (let i = 1; i < k; i++) expect(found[i]).toBeLessThanOrEqual(found[i - 1]!);
    expect(found.at(-1)).toBeGreaterThanOrEqual(0);
  });
});

describe("svd", () => {
  it("has NumPy's values", async () => {
    for (const { a, values: expected } of nuclear)
      expect(gap(await values((await linalg.svd(gpu.tensor(a))).s), expected)).toBeLessThan(1e-6 * expected[0]!);
  });

  it.each([
    ["CPU", linalg.svd],
    ["GPU", (x: Tensor) => eachMatrix(gpu, x, (one) => svdOnGpu("test", gpu, one))],
  ] as const)("of a stack is that of each of its matrices, on the %s", async (_, svd) => {
    const { a } = nuclear[0]!;
    const other = a.map((row) => row.map((value) => 2 * value));
    const once = await svd(gpu.tensor(a));
    const before = gpu.memory().buffers;
    using stack = gpu.tensor([[a, other]]);
    const all = await svd(stack);
    expect(gpu.memory().buffers).toBe(before + 4);
    expect([all.u.shape, all.s.shape, all.vh.shape]).toEqual([[1, 2, 5, 3], [1, 2, 3], [1, 2, 3, 3]]); // prettier-ignore
    const s = await values(once.s);
    expect(gap(await values(all.s), [...s, ...s.map((value) => 2 * value)])).toBeLessThan(1e-6);
    expect(gap((await values(all.u)).subarray(0, 15), await values(once.u))).toBe(0);
  });

  it("refuses what is no matrix, and values that are not finite", async () => {
    const shape = await failure(() => linalg.svd(gpu.tensor([1, 2])));
    expect([shape.code, shape.message]).toEqual(["shape", "linalg.svd: expected matrices [..., m, n]; got [2]."]);
    const data = await failure(() => linalg.svd(gpu.tensor([[1, NaN]])));
    expect([data.code, data.message]).toEqual(["data", "linalg.svd: element 1 is NaN. Expected finite numbers."]);
  });
});

describe("gradients", () => {
  it("of the nuclear norm are u·vh", async () => {
    for (const { a, norm, gradient } of nuclear) {
      const x = gpu.tensor(a);
      const found = linalg.nuclearNorm(x);
      expect(Math.abs((await found.item()) - norm)).toBeLessThan(1e-5 * norm);
      const [dx] = grad(mul(found, 2), [x]);
      // the polar factor is within 2⁻¹⁴
      expect(gap(await values(dx), gradient.flat().map((value) => 2 * value))).toBeLessThan(2e-4); // prettier-ignore
    }
    const stack = gpu.tensor([nuclear[2]!.a, nuclear[2]!.a]);
    const norms = linalg.nuclearNorm(stack);
    expect(norms.shape).toEqual([2]);
    const [dStack] = grad(sum(mul(norms, gpu.tensor([1, 3]))), [stack]);
    const { gradient } = nuclear[2]!;
    expect(gap(await values(dStack), [...gradient.flat(), ...gradient.flat().map((value) => 3 * value)])).toBeLessThan(
      3e-4,
    );
    const refused = await failure(() => linalg.nuclearNorm(gpu.tensor([1])));
    expect(refused.message).toBe("linalg.nuclearNorm: expected matrices [..., m, n]; got [1].");
  });

  it("of the matrix square root solve Sylvester's equation", async () => {
    for (const { a, weights, root: expected, gradient } of roots) {
      const x = gpu.tensor(a);
      const { root } = linalg.sqrtm(x);
      const [dx] = grad(sum(mul(root, gpu.tensor(weights))), [x]);
      expect(gap(await values(root), expected.flat())).toBeLessThan(1e-6);
      const [wanted, found] = [Float64Array.from(gradient.flat()), await values(dx)];
      expect(gap(found, wanted)).toBeLessThan(1e-5 * most(wanted));
    }
  });
});
