import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { random } from "../src/graph/ops/random.ts";
import { Moments } from "../src/linalg/moments.ts";
import { grad } from "../src/graph/grad.ts";
import { frechetDistance } from "../src/metrics/frechet.ts";
import { frechetLoss } from "../src/metrics/frechetLoss.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { openShared } from "./helpers.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";

const oracle = JSON.parse(readFileSync(new URL("./oracles/iris.json", import.meta.url), "utf8")) as {
  x: number[][];
  frechet: number[];
};
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const relative = (got: number, expected: number) => Math.abs(got - expected) / Math.abs(expected);
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing thrown",
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  );
const of = (mean: number[], covariance: number[][], count = 1000) => Moments.from({ mean, covariance, count });

describe("the Fréchet distance, in closed form", () => {
  test("of equal covariances is the squared distance of the means, in 2048 dimensions", async () => {
    const d = 2048;
    const identity = new Float64Array(d * d);
    for (let i = 0; i < d; i++) identity[i * d + i] = 1;
    const at = (value: number) =>
      Moments.from({ mean: new Float64Array(d).fill(value), covariance: identity, count: 5000 });
    const { value: distance, ranks } = await frechetDistance(at(0), at(1));
    expect(relative(distance, 2048)).toBeLessThan(1e-9);
    expect(ranks).toEqual([2048, 2048]);
  });

  test("of diagonal and of full matrices", async () => {
    const diagonal = await frechetDistance(
      of(
        [0, 0],
        [
          [1, 0],
          [0, 4],
        ],
      ),
      of(
        [3, 4],
        [
          [9, 0],
          [0, 16],
        ],
      ),
    );
    expect(relative(diagonal.value, 33)).toBeLessThan(1e-9);
    expect(diagonal.meanTerm).toBe(25);
    const full = await frechetDistance(
      of(
        [0, 0],
        [
          [2, 1],
          [1, 2],
        ],
      ),
      of(
        [3, 4],
        [
          [1, 0.5],
          [0.5, 3],
        ],
      ),
    );
    expect(relative(full.value, 25.320270148882)).toBeLessThan(1e-9);
  });

  test("of the classes of iris", async () => {
    const classes = [0, 50, 100].map((start) => gpu.tensor(oracle.x.slice(start, start + 50)));
    const pairs = [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const;
    for (const [i, [a, b]] of pairs.entries()) {
      const { value: distance, warnings } = await frechetDistance(classes[a]!, classes[b]!);
      expect(relative(distance, oracle.frechet[i]!)).toBeLessThan(1e-5);
      expect(warnings).toEqual([]);
    }
  });

  test("of a set and itself is zero", async () => {
    const x = random.normal(gpu, [300, 100], { seed: 1 });
    const { value: distance, meanTerm } = await frechetDistance(x, x);
    // the trace of both covariances is about 200
    expect(distance).toBeLessThan(200 * 1e-6);
    expect(distance).toBeGreaterThanOrEqual(0);
    expect(meanTerm).toBe(0);
  });
});

describe("hard cases", () => {
  test("fewer samples than features: finite, small for a set and itself, with a warning", async () => {
    const [a, b] = [random.normal(gpu, [20, 64], { seed: 1 }), random.normal(gpu, [500, 64], { seed: 2 })];
    const { value: distance, ranks, warnings } = await frechetDistance(a, b);
    expect(Number.isFinite(distance) && distance > 0).toBe(true);
    expect(ranks).toEqual([19, 64]);
    expect(warnings[0]).toContain("set 1 has 20 samples for 64 features");
    const same = await frechetDistance(a, a);
    expect(same.value).toBeLessThan(128 * 1e-5);
    expect(same.value).toBeGreaterThanOrEqual(0);
  });

  test("two constants far apart", async () => {
    const { value: distance } = await frechetDistance(
      gpu.tensor([
        [1, 1],
        [1, 1],
      ]),
      gpu.tensor([
        [4, 5],
        [4, 5],
        [4, 5],
      ]),
    );
    expect(distance).toBe(25);
  });

  test("one sample, other features, a single value that is not finite are refused by name", async () => {
    const two = gpu.tensor([
      [1, 2],
      [3, 5],
    ]);
    expect(await code(frechetDistance(gpu.tensor([[1, 2]]), two))).toContain(
      "data: frechetDistance: too few samples. Expected at least 2 in each set; got 1.",
    );
    expect(
      await code(
        frechetDistance(
          gpu.tensor([
            [1, 2, 3],
            [4, 5, 7],
          ]),
          two,
        ),
      ),
    ).toContain("shape: frechetDistance: features differ in number. Expected as many in both; got 3 and 2.");
    expect(
      await code(
        frechetDistance(
          gpu.tensor([
            [1, Number.NaN],
            [1, 2],
          ]),
          two,
        ),
      ),
    ).toContain("data: Moments.of: row 0, feature 1 is NaN");
  });
});

test("a loss and its gradient free with themselves what they were recorded from", async () => {
  const [x, moments] = [
    random.normal(gpu, [9, 4], { seed: 5 }),
    await Moments.of(random.normal(gpu, [30, 4], { seed: 6 })),
  ];
  await x.read();
  const before = sizeOf(gpu);
  for (let step = 0; step < 3; step++) {
    const loss = frechetLoss(x, moments);
    const [slope] = grad(loss, [x]);
    await gpu.evaluate([loss, slope]);
    for (const tensor of [loss, slope]) tensor.dispose();
  }
  expect(await memoryFault(gpu, before)).toBe("");
});

describe("moments", () => {
  test("in parts, merged, and through a file are the same", async () => {
    const x = random.normal(gpu, [900, 30], { seed: 3 });
    const values = await x.read();
    const whole = await Moments.of(x);
    const part = (start: number, stop: number) =>
      gpu.tensor(Float32Array.from(values.subarray(start * 30, stop * 30)), [stop - start, 30]);
    const parts = Moments.empty(30);
    for (const [start, stop] of [
      [0, 100],
      [100, 101],
      [101, 900],
    ] as const)
      await parts.update(part(start, stop));
    const merged = (await Moments.of(part(0, 450))).merge(await Moments.of(part(450, 900)));
    const read = Moments.fromNpz(whole.toNpz());
    for (const other of [parts, merged, read]) {
      expect(other.count).toBe(900);
      for (const [i, value] of whole.covariance.entries())
        expect(Math.abs(value - other.covariance[i]!)).toBeLessThan(1e-6);
      for (const [i, value] of whole.mean.entries()) expect(Math.abs(value - other.mean[i]!)).toBeLessThan(1e-6);
    }
    // and they are right: float64 on the CPU
    const mean = Float64Array.from({ length: 30 }, (_, j) => {
      let s = 0;
      for (let i = 0; i < 900; i++) s += values[i * 30 + j]!;
      return s / 900;
    });
    let c = 0;
    for (let i = 0; i < 900; i++) c += (values[i * 30 + 3]! - mean[3]!) * (values[i * 30 + 7]! - mean[7]!);
    expect(Math.abs(whole.covariance[3 * 30 + 7]! - c / 899)).toBeLessThan(1e-6);
  });

  test("that make no sense are refused by name", () => {
    expect(() =>
      of(
        [0, 0],
        [
          [1, 0],
          [0.5, 1],
        ],
      ),
    ).toThrow(/not symmetric/);
    expect(() => of([0, 0], [[1, 0]])).toThrow(/expected a covariance of 2 × 2 values/);
    expect(() =>
      of(
        [0, Number.NaN],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    ).toThrow(/finite/);
    expect(() => Moments.fromNpz(new Uint8Array(10))).toThrow();
  });
});
