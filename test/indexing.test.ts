import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gather, type Gpu, grad, oneHot, scatterAdd, sum, take, takeAlongAxis } from "../src/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const ints = (...values: number[]) => gpu.tensor(Int32Array.from(values));
const words = (...values: number[]) => gpu.tensor(Uint32Array.from(values));
const list = async (x: { read(): Promise<ArrayLike<number>> }) => Array.from(await x.read());

describe("an index outside that a tensor holds is never a silent zero", () => {
  it("is NaN in f32 and in the floats of bytes, and a number that is no index in integers", async () => {
    const x = gpu.tensor([10, 11, 12]);
    expect(await list(gather(x, ints(-3, -4, 2, 3, -(2 ** 31))))).toEqual([10, NaN, 12, NaN, NaN]);
    expect(await list(gather(x, words(0, 3, 2 ** 32 - 1)))).toEqual([10, NaN, NaN]);
    expect(await list(take(x, words(1, 2 ** 31)))).toEqual([11, NaN]);
    expect(await list(takeAlongAxis(x, ints(-1, 7)))).toEqual([12, NaN]);
    expect(await list(gather(gpu.tensor(Uint8Array.of(7, 8)), ints(-1, 2)))).toEqual([8, NaN]);
    expect(await list(gather(ints(7, 8), ints(-1, 2)))).toEqual([8, -(2 ** 31)]);
    expect(await list(gather(words(7, 8), ints(-1, -3)))).toEqual([8, 2 ** 32 - 1]);
  });
  it("makes a row of NaN in oneHot", async () => {
    const nan = [NaN, NaN];
    expect(await list(oneHot(ints(-1, 2, -3), 2))).toEqual([0, 1, ...nan, ...nan]);
    expect(await list(oneHot(words(1, 2 ** 32 - 1), 2))).toEqual([0, 1, ...nan]);
    expect(await list(oneHot(gpu.tensor([0.5, NaN, -2, 1, 3e9]), 2))).toEqual([...nan, ...nan, 1, 0, 0, 1, ...nan]);
    expect(await list(oneHot(gpu.tensor(Uint8Array.of(1, 255)), 2))).toEqual([0, 1, ...nan]);
    expect(await list(oneHot(ints(2, 0), 3, { axis: 0 }))).toEqual([0, 1, 0, 0, 1, 0]);
  });
  it.each([4, 3000])("makes sums of %i terms and the gradient NaN", async (n) => {
    const x = gpu.tensor(new Float32Array(2000).fill(1));
    const places = Int32Array.from({ length: n }, (_, i) => (i === 2 ? 2000 : i % 1000));
    const g = gpu.tensor(new Float32Array(n).fill(1));
    expect((await scatterAdd(g, gpu.tensor(places), 2000).read()).every(Number.isNaN)).toBe(true);
    const [dx] = grad(sum(gather(x, gpu.tensor(places))), [x]);
    expect((await dx!.read()).every(Number.isNaN)).toBe(true);
    places[2] = -2000;
    const sums = await scatterAdd(g, gpu.tensor(places), 2000).read();
    expect(sums[0]).toBe(n === 4 ? 2 : 4);
    expect(Array.from(sums).reduce((a, b) => a + b)).toBe(n);
  });
});

it("sums of a million equal picks keep their digits", async () => {
  const n = 1_000_000;
  const g = gpu.tensor(new Float32Array(n).fill(0.1));
  const [one, none] = await scatterAdd(g, gpu.tensor(new Uint32Array(n)), 2).read();
  expect(Math.abs(one! / (n * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
  expect(none).toBe(0);
});

it("what an op uploads for itself is freed when it has run, and kept by a program", async () => {
  const x = gpu.tensor([1, 2, 3, 4]);
  const before = gpu.memory().buffers;
  await gpu.scope(async () => {
    const y = take(x, [3, 0]);
    const [dx] = grad(sum(y.mul(y)), [x]);
    expect(await list(dx!)).toEqual([2, 0, 0, 8]);
    expect(await list(y)).toEqual([4, 1]);
  });
  expect(gpu.memory().buffers).toBe(before);
  const step = await gpu.compile((v) => take(v, [-1, 1]), x);
  expect(await list(await step.run(x))).toEqual([4, 2]);
  expect(await list(await step.run(x))).toEqual([4, 2]);
  step.dispose();
  expect(gpu.memory().buffers).toBe(before);
});
