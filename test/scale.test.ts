// What grows with use: graphs, kernels, caches. Each has a bound.
import { describe, expect, it } from "vitest";
import * as L from "../src/index.ts";
import { opener } from "./helpers.ts";

const open = opener();

describe("caches are bounded", () => {
  it("a program keeps its last 16 lists of shapes, and releases the buffers of older ones", async () => {
    const gpu = await open();
    const step = await gpu.compile((x) => L.sum(x.mul(2)), gpu.tensor([1]));
    const bytes: number[] = [];
    for (let n = 2; n <= 40; n++) {
      using x = gpu.tensor(new Float32Array(n).fill(1));
      expect(await (await step.run(x)).item()).toBe(2 * n);
      bytes.push(gpu.memory().buffers);
    }
    expect(step.stats.traces).toBe(40);
    expect(bytes.at(-1)).toBe(bytes[16]);
    // the oldest that is still there replays, one that left is traced again
    using last = gpu.tensor(new Float32Array(40 - 15).fill(1));
    using first = gpu.tensor(new Float32Array(2).fill(1));
    await step.run(last);
    expect(step.stats.traces).toBe(40);
    expect(await (await step.run(first)).item()).toBe(4);
    expect(step.stats.traces).toBe(41);
    step.dispose();
  });
});

describe("graphs of any length", () => {
  type Step = (y: L.Tensor, x: L.Tensor, i: number) => L.Tensor;
  const steps: { [name: string]: Step } = {
    "one-argument functions": (y) => L.tanh(y),
    "sums with numbers": (y, _, i) => y.add((i % 7) * 1e-3),
    "shared subexpressions": (y) => y.add(y.mul(1e-4)),
    products: (y, x) => L.matmul(y, x),
    slices: (y, x) => L.concat([L.slice(y, 0, 1, 4), L.slice(x, 0, 0, 1)], 0),
    reductions: (y) => y.sub(L.mean(y)),
  };
  it.each(Object.entries(steps))("2,200 %s and their gradient are planned without recursion", async (_, step) => {
    const gpu = await open();
    const x = gpu.tensor(
      Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 1e-3)),
      [4, 4],
    );
    let y: L.Tensor = x;
    for (let i = 0; i < 2200; i++) y = step(y, x, i);
    const [dx] = L.grad(L.sum(y), [x]);
    await gpu.evaluate([y, dx!]);
    const values = [...(await y.read()), ...(await dx!.read())];
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it("20,000 sums, wide and deep, in seconds", async () => {
    const gpu = await open();
    const x = gpu.tensor([1, 2, 3]);
    const parts = Array.from({ length: 20_000 }, (_, i) => x.mul(i % 4));
    while (parts.length > 1) parts.push(parts.shift()!.add(parts.shift()!));
    expect([...(await parts[0]!.read())]).toEqual([30_000, 60_000, 90_000]);
    let y = x;
    for (let i = 0; i < 20_000; i++) y = y.add(1);
    const [dx] = L.grad(L.sum(y), [x]);
    expect([...(await y.read()), ...(await dx!.read())]).toEqual([20_001, 20_002, 20_003, 1, 1, 1]);
  });

  it("a chain that is disposed before it runs lets go of what it claims", async () => {
    const gpu = await open();
    const before = gpu.memory().buffers;
    const x = gpu.tensor([1]);
    const chain = [x];
    for (let i = 0; i < 20_000; i++) chain.push(chain.at(-1)!.add(1));
    for (const tensor of chain) tensor.dispose();
    expect(gpu.memory().buffers).toBe(before);
  });
});

describe("what a kernel's text may hold", () => {
  const exponents = (gpu: L.Gpu) => [
    4,
    5,
    -2,
    0.3,
    1.5,
    gpu.tensor([2.5]),
    gpu.tensor(new Float32Array(64_000).fill(3)),
  ];
  it("reductions of powers compile in seconds, whatever the exponent", async () => {
    const gpu = await open();
    const x = gpu.tensor(new Float32Array(64_000).fill(2));
    for (const p of exponents(gpu)) {
      const y = L.pow(x, p);
      const power = 2 ** (typeof p === "number" ? p : (await p.read())[0]!);
      const found = await Promise.all([L.sum(y), L.max(y), L.mean(y), L.logsumexp(y)].map((t) => t.item()));
      const expected = [64_000 * power, power, power, power + Math.log(64_000)];
      for (const [i, value] of found.entries()) expect(value / expected[i]!).toBeCloseTo(1, 5);
    }
  });
});

describe("kernels that differ in sizes alone are one", () => {
  it("slices at any offset share theirs", async () => {
    const gpu = await open();
    const x = gpu.tensor(Float32Array.from({ length: 600 }, (_, i) => i));
    const before = gpu.counters().pipelines;
    for (let i = 1; i < 60; i++) {
      const [a, b] = [L.slice(x, 0, i, i + 64), L.slice(x, 0, 7 * i, 7 * i + 64)];
      const y = await a.add(b.mul(2)).read();
      expect([y[0], y[63]]).toEqual([i + 14 * i, i + 63 + 2 * (7 * i + 63)]);
      expect(await L.sum(a).item()).toBe(64 * i + (63 * 64) / 2);
    }
    // whole fours or not, each of the two; and the sums
    expect(gpu.counters().pipelines - before).toBeLessThanOrEqual(6);
  });

  it("a Gaussian's fit compiles one set of kernels whatever the lengths, and none for few features", async () => {
    const gpu = await open();
    // whole batches, a rest, a rest of one row
    const known = [9001, 8200, 16_385];
    const further = [10_003, 12_292, 4097, 13_000, 8191, 5000, 11_111];
    for (const [d, most] of [
      [40, 0],
      [100, 60],
    ] as const) {
      const compiled = async (lengths: readonly number[]): Promise<number> => {
        const samples = lengths.map((n) => L.random.normal(gpu, [n, d], { seed: n }));
        await gpu.evaluate(samples);
        const before = gpu.counters().pipelines;
        for (const x of samples) await L.Gaussian.fit(x);
        return gpu.counters().pipelines - before;
      };
      expect(await compiled(known)).toBeLessThanOrEqual(most);
      expect(await compiled(further)).toBe(0);
    }
  });
});
