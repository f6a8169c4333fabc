import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { PipelineCache } from "../src/device/pipelines.ts";
import { random } from "../src/graph/ops/random.ts";
import { Moments } from "../src/linalg/moments.ts";
import { rootTraceOnCpu } from "../src/linalg/rootTraceCpu.ts";
import { rootTraceOnGpu } from "../src/linalg/rootTraceGpu.ts";
import { frechetDistance } from "../src/metrics/frechet.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { hardwareRoutes, openShared } from "./helpers.ts";
import { graded, orthogonal, symmetric } from "./spectra.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const trace = (a: Float64Array, n: number) => a.reduce((sum, value, at) => (at % (n + 1) === 0 ? sum + value : sum), 0);
const scaled = (a: Float64Array, by: number) => a.map((value) => value * by);
/** What is left of a spectrum of `count` samples. */
const cut = (lambda: Float64Array, count: number) => lambda.map((value, i) => (i < count ? value : 0));

type Pair = readonly [Float64Array, Float64Array];
const pairs: readonly [name: string, n: number, pair: (n: number) => Pair][] = [
  [
    "well conditioned",
    64,
    (n) => [symmetric(orthogonal(n, 1), graded(n, 0.1)), symmetric(orthogonal(n, 2), graded(n, 0.1))],
  ],
  [
    "one matrix twice",
    100,
    (n) => {
      const a = symmetric(orthogonal(n, 1), graded(n, 1e-3));
      return [a, a];
    },
  ],
  [
    "graded by 10⁸, with eigenvectors of their own",
    128,
    (n) => [symmetric(orthogonal(n, 1), graded(n, 1e-8)), symmetric(orthogonal(n, 2), graded(n, 1e-8))],
  ],
  [
    "graded by 10⁸, twice the same",
    128,
    (n) => {
      const a = symmetric(orthogonal(n, 1), graded(n, 1e-8));
      return [a, a];
    },
  ],
  [
    "graded by 10⁸ and flat",
    97,
    (n) => [symmetric(orthogonal(n, 1), graded(n, 1e-8)), symmetric(orthogonal(n, 2), graded(n, 1))],
  ],
  [
    "graded by 10⁸, and the same 1.1 times",
    65,
    (n) => {
      const a = symmetric(orthogonal(n, 1), graded(n, 1e-8));
      return [a, scaled(a, 1.1)];
    },
  ],
  [
    "graded in opposite directions",
    64,
    (n) => {
      const q = orthogonal(n, 1);
      return [symmetric(q, graded(n, 1e-6)), symmetric(q, graded(n, 1e-6).reverse())];
    },
  ],
  [
    "of rank 42 and full",
    128,
    (n) => [symmetric(orthogonal(n, 1), cut(graded(n, 0.1), 42)), symmetric(orthogonal(n, 2), graded(n, 0.1))],
  ],
  [
    "of rank 30 and 40",
    96,
    (n) => [symmetric(orthogonal(n, 1), cut(graded(n, 0.1), 30)), symmetric(orthogonal(n, 2), cut(graded(n, 0.1), 40))],
  ],
  [
    "of rank 42, twice the same",
    128,
    (n) => {
      const a = symmetric(orthogonal(n, 1), cut(graded(n, 0.1), 42));
      return [a, a];
    },
  ],
  [
    "very small and very large",
    64,
    (n) => [
      symmetric(orthogonal(n, 1), scaled(graded(n, 0.1), 1e-30)),
      symmetric(orthogonal(n, 2), scaled(graded(n, 0.1), 1e30)),
    ],
  ],
  ["zero and flat", 40, (n) => [new Float64Array(n * n), symmetric(orthogonal(n, 2), graded(n, 1))]],
];

describe("the trace of the root of Σ₁Σ₂ on the GPU", () => {
  test.each(pairs)("of covariances that are %s keeps the bound", async (_, n, pair) => {
    const both = pair(n);
    const limits = both.map((a) => n * 2 ** -53 * trace(a, n)) as [number, number];
    const exact = rootTraceOnCpu(both, n, limits);
    const found = await rootTraceOnGpu(gpu, both, n, limits);
    const traces = trace(both[0], n) + trace(both[1], n);
    const distance = Math.max(0, traces - 2 * exact.value);
    expect(2 * Math.abs(found.value - exact.value)).toBeLessThan(1e-4 * distance + 1e-6 * traces);
    // what f32 cannot tell from zero counts as zero
    for (const which of [0, 1] as const) expect(found.ranks[which]).toBeLessThanOrEqual(exact.ranks[which]);
    expect(Math.min(0, found.residual)).toBeGreaterThan(-1e-7 * traces);
  });

  test("is Σ √(α β) where both have the same eigenvectors, and the rank is that of the factors", async () => {
    const n = 150;
    const q = orthogonal(n, 7);
    const [alpha, beta] = [graded(n, 0.01), cut(graded(n, 0.2).reverse(), 77)];
    const { value, ranks } = await rootTraceOnGpu(gpu, [symmetric(q, alpha), symmetric(q, beta)], n, [0, 0]);
    const exact = alpha.reduce((sum, a, i) => sum + Math.sqrt(a * beta[i]!), 0);
    expect(Math.abs(value - exact)).toBeLessThan(1e-5 * exact);
    expect(ranks).toEqual([150, 77]);
  });

  test("stops at an abort, and leaves no memory behind", async () => {
    const n = 64;
    const a = symmetric(orthogonal(n, 1), graded(n, 0.1));
    const before = gpu.memory().buffers;
    await rootTraceOnGpu(gpu, [a, a], n, [0, 0]);
    expect(gpu.memory().buffers).toBe(before);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(rootTraceOnGpu(gpu, [a, a], n, [0, 0], signal)).rejects.toThrow("enough");
    expect(gpu.memory().buffers).toBe(before);
  });
});

describe("the Fréchet distance of 256 features", () => {
  const n = 256;
  const q = orthogonal(n, 3);
  const [alpha, beta] = [graded(n, 0.01), cut(graded(n, 0.2), 100)];
  const moments = (lambda: Float64Array) =>
    Moments.from({ mean: new Float64Array(n).fill(lambda[0]! / 8), covariance: symmetric(q, lambda), count: 1000 });
  const distance = alpha.reduce((sum, a, i) => sum + (Math.sqrt(a) - Math.sqrt(beta[i]!)) ** 2, 0);

  test("goes to a GPU that is no software adapter, and keeps the bound there", async () => {
    using other = hardwareRoutes(await openShared());
    const kernels = vi.spyOn(PipelineCache.prototype, "get");
    onTestFinished(() => kernels.mockRestore());
    const found = await frechetDistance(moments(alpha), moments(beta), { gpu: other });
    expect(kernels).toHaveBeenCalled();
    const traces = alpha.reduce((sum, value, i) => sum + value + beta[i]!, 0);
    expect(Math.abs(found.value - distance)).toBeLessThan(1e-4 * distance + 1e-6 * traces);
    expect(found.ranks).toEqual([256, 100]);
    expect(found.warnings).toEqual([]);
  });

  test("stays on the CPU with a software adapter", async () => {
    const kernels = vi.spyOn(PipelineCache.prototype, "get");
    onTestFinished(() => kernels.mockRestore());
    const found = await frechetDistance(moments(alpha), moments(beta), { gpu });
    expect(kernels).not.toHaveBeenCalled();
    expect(Math.abs(found.value - distance)).toBeLessThan(1e-9 * distance);
  });

  test("rejects on a GPU that is gone, if it was asked for", async () => {
    const other = hardwareRoutes(await openShared());
    other.dispose();
    await expect(frechetDistance(moments(alpha), moments(beta), { gpu: other })).rejects.toMatchObject({
      code: "disposed",
    });
  });

  test("goes back to the CPU where the GPU of the samples is gone", async () => {
    const other = hardwareRoutes(await openShared());
    const samples = [1, 2].map((seed) => random.normal(other, [40, n], { seed }));
    const [a, b] = [await Moments.of(samples[0]!), await Moments.of(samples[1]!)];
    expect(a.gpu).toBe(other);
    other.dispose();
    const found = await frechetDistance(a, b);
    const copies = [a, b].map((m) => Moments.from({ mean: m.mean, covariance: m.covariance, count: m.count }));
    const exact = await frechetDistance(copies[0]!, copies[1]!);
    expect(found.ranks).toEqual([39, 39]);
    expect(Math.abs(found.value - exact.value)).toBeLessThan(1e-4 * exact.value);
  });
});
