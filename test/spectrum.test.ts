import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { PipelineCache } from "../src/device/pipelines.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { linalg } from "../src/linalg/index.ts";
import { eighOnGpu, svdvalsOnGpu } from "../src/linalg/spectrumGpu.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { failure, hardwareRoutes, openShared } from "./helpers.ts";
import { graded, norm, orthogonal, product, reflected, symmetric, transposed } from "./spectra.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const values = async (x: Tensor) => Float64Array.from(await x.read());
const routes = [
  ["on the CPU", (a: Tensor) => linalg.eigh(a), (a: Tensor) => linalg.svdvals(a)],
  ["on the GPU", (a: Tensor) => eighOnGpu("test", gpu, a), (a: Tensor) => svdvalsOnGpu("test", gpu, a)],
] as const;

/** 2 on the diagonal and −1 beside it: eigenvalues 2 − 2 cos(kπ / (n + 1)), vectors ∝ sin(ikπ / (n + 1)). */
const secondDifference = (n: number) =>
  Float64Array.from({ length: n * n }, (_, at) => {
    const apart = Math.abs(Math.floor(at / n) - (at % n));
    return apart === 0 ? 2 : apart === 1 ? -1 : 0;
  });

describe.each(routes)("a spectrum %s", (_, eigh, svdvals) => {
  /** Checks eigenvalues, orthogonality and residuals of a [n, n], all within `part` of the norm. */
  async function checkEigh(a: Float64Array, n: number, expected: Float64Array): Promise<void> {
    const size = Math.max(...expected.map(Math.abs)) || 1;
    const found = await eigh(gpu.tensor(a, [n, n]));
    const [lambda, v] = [await values(found.values), await values(found.vectors)];
    for (const [i, value] of expected.entries()) expect(Math.abs(lambda[i]! - value)).toBeLessThan(2 ** -17 * size);
    for (let i = 1; i < n; i++) expect(lambda[i]).toBeGreaterThanOrEqual(lambda[i - 1]!);
    const gram = product(transposed(v, n, n), v, n, n, n);
    for (const [at, value] of gram.entries())
      expect(Math.abs(value - (at % (n + 1) === 0 ? 1 : 0))).toBeLessThan(2 ** -17);
    const av = product(a, v, n, n, n);
    for (let k = 0; k < n; k++) {
      const residual = Float64Array.from({ length: n }, (__, i) => av[i * n + k]! - lambda[k]! * v[i * n + k]!);
      expect(norm(residual)).toBeLessThan(2 ** -17 * size);
    }
    for (const tensor of [found.values, found.vectors]) tensor.dispose();
  }

  test.each([1, 2, 5, 33, 64])("of the second difference of %i points", async (n) => {
    const expected = Float64Array.from({ length: n }, (__, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    await checkEigh(secondDifference(n), n, expected);
  });

  test.each([
    ["of both signs", 48, graded(48, 1e-3).map((value, i) => (i % 2 === 0 ? value : -value))],
    ["in pairs λ and −λ", 30, Float64Array.from({ length: 30 }, (__, i) => (i < 15 ? 1 + i : 14 - i))],
    ["all the same but three", 31, graded(31, 1).map((value, i) => (i < 3 ? -value : value))],
    ["mostly zero", 32, graded(32, 1).map((value, i) => (i < 5 ? value : 0))],
    ["graded by 10⁸", 40, graded(40, 1e-8)],
    ["of huge numbers", 12, graded(12, 0.1).map((value) => value * 1e30)],
  ])("of eigenvalues %s", async (__, n, lambda) => {
    const a = Float64Array.from(Float32Array.from(symmetric(orthogonal(n, 4), lambda)));
    await checkEigh(a, n, lambda.slice().sort());
  });

  test("of zeros", async () => {
    await checkEigh(new Float64Array(36), 6, new Float64Array(6));
    expect([...(await (await svdvals(gpu.tensor(new Float64Array(6), [2, 3]))).read())]).toEqual([0, 0]);
  });

  test.each([
    ["square", 40, 40, graded(40, 0.1)],
    ["tall", 70, 33, graded(33, 1e-4)],
    ["wide", 20, 45, graded(20, 1e-2)],
    ["of half rank", 36, 36, graded(36, 0.1).map((value, i) => (i < 18 ? value : 0))],
    ["one column", 9, 1, graded(1, 1)],
  ])("of singular values of a matrix that is %s", async (__, m, n, sigma) => {
    const found = await values(await svdvals(gpu.tensor(reflected(m, n, sigma).a, [m, n])));
    expect(found.length).toBe(sigma.length);
    for (const [i, value] of sigma.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(2 ** -17);
  });

  test("of what is not finite is refused", async () => {
    const bad = gpu.tensor([
      [1, Number.NaN],
      [2, 1],
    ]);
    for (const work of [eigh, svdvals]) {
      const { code, message } = await failure(() => work(bad));
      expect(code).toBe("data");
      expect(message).toContain("xpected finite numbers");
    }
  });
});

describe("the route", () => {
  test("is the GPU's from 128 rows on, unless the adapter is software", async () => {
    using other = hardwareRoutes(await openShared());
    // also those that the device has compiled before
    const kernels = vi.spyOn(PipelineCache.prototype, "get");
    onTestFinished(() => kernels.mockRestore());
    const kernelsFor = async (n: number) => {
      kernels.mockClear();
      const a = other.tensor(secondDifference(n), [n, n]);
      const { values: lambda } = await linalg.eigh(a);
      expect(Math.abs((await lambda.read())[0]! - (2 - 2 * Math.cos(Math.PI / (n + 1))))).toBeLessThan(2 ** -15);
      return kernels.mock.calls.length;
    };
    expect(await kernelsFor(64)).toBe(0);
    expect(await kernelsFor(128)).toBeGreaterThan(0);
  });

  test("leaves no memory behind, and gives the same bits again", async () => {
    const a = gpu.tensor(symmetric(orthogonal(24, 4), graded(24, 0.1)), [24, 24]);
    const read = async () => {
      const { values: lambda, vectors } = await eighOnGpu("test", gpu, a);
      const found = [await lambda.read(), await vectors.read()];
      lambda.dispose();
      vectors.dispose();
      return found;
    };
    const first = await read();
    const before = gpu.memory().buffers;
    expect(await read()).toEqual(first);
    expect(gpu.memory().buffers).toBe(before);
  });
});
