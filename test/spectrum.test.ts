import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { PipelineCache } from "../src/device/pipelines.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { eachMatrix } from "../src/linalg/eachMatrix.ts";
import { linalg } from "../src/linalg/index.ts";
import { eighOnGpu, svdOnGpu, svdvalsOnGpu } from "../src/linalg/spectrumGpu.ts";
import type { Gpu } from "../src/program/gpu.ts";
import "./stress/exposeGc.ts";
import { collect } from "./stress/harness.ts";
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

describe("a stack", () => {
  const each: typeof linalg.eigh = (a, options) =>
    eachMatrix(gpu, a, (one) => eighOnGpu("test", gpu, one, options?.signal), options?.signal);
  test.each([
    ["on the CPU", linalg.eigh],
    ["on the GPU", each],
  ] as const)("%s has the values and vectors of each of its matrices", async (_, eigh) => {
    const matrices = [secondDifference(5), symmetric(orthogonal(5, 4), graded(5, 0.1))];
    const alone: number[][] = [[], []];
    for (const one of matrices) {
      const found = await eigh(gpu.tensor(one, [5, 5]));
      for (const [at, t] of [found.values, found.vectors].entries()) alone[at]!.push(...(await values(t)));
    }
    using stack = gpu.tensor(Float64Array.from(matrices.flatMap((one) => [...one])), [2, 1, 5, 5]);
    const before = gpu.memory().buffers;
    const all = await eigh(stack);
    expect(gpu.memory().buffers).toBe(before + 2);
    expect([all.values.shape, all.vectors.shape]).toEqual([[2, 1, 5], [2, 1, 5, 5]]); // prettier-ignore
    expect([...(await values(all.values))]).toEqual(alone[0]);
    expect([...(await values(all.vectors))]).toEqual(alone[1]);
  });

  test("has the singular values of each of its matrices", async () => {
    const wide = [[3, 0, 0], [0, 4, 0]]; // prettier-ignore
    const found = await linalg.svdvals(gpu.tensor([wide, wide.map((row) => row.map((value) => 2 * value))]));
    expect(found.shape).toEqual([2, 2]);
    expect([...(await values(found))]).toEqual([4, 3, 8, 6]);
    expect((await failure(() => linalg.svdvals(gpu.tensor([1, 2])))).message).toMatch(/expected matrices/);
  });
});

describe("an abort", () => {
  const reason = new Error("enough");
  test.each([
    ["eigh", eighOnGpu],
    ["svdvals", svdvalsOnGpu],
    ["svd", svdOnGpu],
  ] as const)("ends the sweeps of %s at each evaluation, and memory returns", async (_, work) => {
    using a = gpu.tensor(symmetric(orthogonal(24, 4), graded(24, 0.1)), [24, 24]);
    await gpu.idle();
    const before = gpu.memory().buffers;
    const own = gpu.evaluate.bind(gpu);
    let place = 0;
    try {
      for (let isDone = false; !isDone; place++) {
        const controller = new AbortController();
        let count = 0;
        const evaluate: typeof own = (...parameters) => {
          if (count++ === place) controller.abort(reason);
          return own(...parameters);
        };
        Object.assign(gpu, { evaluate });
        const found = await work("test", gpu, a, controller.signal).catch((error: unknown) => error);
        isDone = count <= place;
        if (!isDone) expect(found).toBe(reason);
        else for (const t of work === svdvalsOnGpu ? [found as Tensor] : Object.values(found as object)) t.dispose(); // prettier-ignore
        // what was recorded and never ran goes with the heap
        const buffers = (): number => {
          collect();
          return gpu.memory().buffers;
        };
        await expect.poll(buffers, { timeout: 10_000 }).toBeLessThanOrEqual(before);
      }
    } finally {
      Reflect.deleteProperty(gpu, "evaluate");
    }
    expect(place).toBeGreaterThan(2);
  });

  test.each([
    ["eigh", linalg.eigh],
    ["svdvals", linalg.svdvals],
    ["svd", linalg.svd],
  ] as const)("is heard by %s between two matrices on the CPU", async (_, work) => {
    using a = gpu.tensor(
      Float32Array.from({ length: 300 * 24 * 24 }, (_, i) => i % 5),
      [300, 24, 24],
    );
    const controller = new AbortController();
    const own = a.read.bind(a);
    const read: typeof own = async (options) => {
      const found = await own(options);
      setTimeout(() => controller.abort(reason), 0);
      return found;
    };
    Object.assign(a, { read });
    await expect(work(a, { signal: controller.signal })).rejects.toBe(reason);
    expect((await failure(() => work(a, { signal: 1 } as never))).message).toMatch(/expected signal to be an/);
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
