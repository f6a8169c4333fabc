import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as all from "../src/index.ts";
import type { Gpu, LatentError, MeasureFunction, Tensor } from "../src/index.ts";
import { measuresOf, titleOf } from "../src/app/command/measures.ts";
import { KEYS } from "../src/app/command/titles.ts";
import { openNodeGpu } from "../src/node.ts";
import { failure, openShared } from "./helpers.ts";
import { none, normal, pair, rows, shares } from "./measures.ts";

type Any = MeasureFunction<readonly unknown[], object, object> & ((...args: unknown[]) => Promise<all.Score>);

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const measureOf = (name: string) => (all as unknown as { readonly [name: string]: Any })[name]!;
const asked = (code: LatentError["code"], message: RegExp | string) => ({
  code,
  message: typeof message === "string" ? message : expect.stringMatching(message),
});
const told = ({ code, message }: LatentError) => ({ code, message });

test("every measure has a row here", () => {
  const exported = Object.entries(all)
    .filter(([, value]) => typeof value === "function" && "streaming" in value && value.name !== "Moments")
    .map(([name]) => name);
  expect(Object.keys(rows).sort()).toEqual(exported.filter((name) => name !== "Moments").sort());
});

/** Within the rounding of float32, or equal where they are infinite. */
const expectClose = (found: number, expected: number): void => {
  if (Number.isFinite(expected))
    expect(Math.abs(found - expected)).toBeLessThan(2e-5 * Math.max(1, Math.abs(expected)));
  else expect(found).toBe(expected);
};

describe.each(Object.entries(rows))(
  "%s",
  (name, { sets, given, options = {}, seeded, few, paired, self, anyOrder }) => {
    test("takes its sets by position or by name, and refuses the rest before any work", async () => {
      const measure = measureOf(name);
      const args = given(gpu);
      const byPosition = await measure(...args, { ...options, interval: false });
      const byName = await measure(Object.fromEntries(sets.map((set, i) => [set, args[i]])), {
        ...options,
        interval: false,
      });
      expect(byName).toEqual(byPosition);
      // those names belong to one network's features
      expect(String(byPosition)).not.toMatch(/FID|Inception/);
      expect([byPosition.interval, byPosition.intervals, byPosition.deviation]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      const before = gpu.memory();
      const last = sets.at(-1)!;
      const list = sets.join(", ");
      const missing = asked("argument", `${name}: expected ${list}; got undefined as ${last}.`);
      expect(told(await failure(() => measure(...args.slice(0, -1))))).toEqual(missing);
      expect(told(await failure(() => measure(...args.slice(0, -1), undefined, options)))).toEqual(missing);
      expect(told(await failure(() => measure(...args, options, options)))).toEqual(
        asked("argument", `${name}: expected ${list} and an object of options; got ${sets.length + 2} arguments.`),
      );
      expect(told(await failure(() => measure(...args, 3)))).toEqual(
        asked("argument", `${name}: expected an object of options after ${list}; got 3.`),
      );
      const wrong: [options: object, message: RegExp][] = [
        [{ ...options, neighbours: 3 }, /unknown option.*"neighbours"/],
        [{ ...options, gpu: {} }, /expected a gpu opened by/],
        [{ ...options, seed: -1 }, /seed as a whole number/],
        [{ ...options, interval: 1 }, /interval true or false; got 1/],
        [{ ...options, signal: 5 }, /AbortSignal/],
      ];
      for (const [bad, message] of wrong) {
        expect(told(await failure(() => measure(...args, bad)))).toEqual(asked("argument", message));
        expect(told(await failure(() => measure.streaming({ ...bad })))).toEqual(asked("argument", message));
      }
      if (paired) {
        using other = normal(gpu, "wide", 11, 7);
        const wide = [...args.slice(0, -1), other];
        expect(told(await failure(() => measure(...wide, options)))).toEqual(asked("shape", /differ in number/));
      }
      if (few) {
        const one = args.map((arg) => (arg instanceof all.Tensor ? all.slice(arg, 0, 0, 1) : arg));
        expect(told(await failure(() => measure(...one, options)))).toEqual(asked(expect.any(String), few));
      }
      expect(gpu.memory().buffers).toBe(before.buffers);
    });

    test.runIf(anyOrder !== null)("is the same of its rows in another order", async () => {
      const args = given(gpu);
      const first = args.find((arg) => arg instanceof all.Tensor) as Tensor;
      const turned = args.map((arg) => {
        if (arg instanceof all.Tensor) return all.flip(arg, 0);
        // labels of the rows
        return Array.isArray(arg) && arg.length === first.shape[0] ? arg.toReversed() : (arg as unknown);
      });
      const asked = { ...(anyOrder ?? options), interval: false };
      const [found, expected] = [await measureOf(name)(...turned, asked), await measureOf(name)(...args, asked)];
      expectClose(found.value, expected.value);
    });

    test.runIf(self !== undefined)("of a set against itself is as the formula says", async () => {
      const [real] = given(gpu);
      const { value, with: own } = typeof self === "object" ? self : { value: self!, with: options };
      expectClose((await measureOf(name)(real, real, { ...own, interval: false })).value, value);
    });

    test.runIf(seeded)("says its seed where it draws, and only there", async () => {
      const measure = measureOf(name);
      const args = given(gpu);
      if (seeded!.with) expect((await measure(...args, { ...options, ...seeded!.with, seed: 5 })).seed).toBe(5);
      if (seeded!.without) expect((await measure(...args, { ...seeded!.without, seed: 5 })).seed).toBeUndefined();
    });
  },
);

test("a detector that is a plain object is no options, and sets that may be left out stand among these", async () => {
  const images = normal(gpu, "x", 2, 1, 8, 8);
  expect((await all.detectionRate(images, none, { real: images })).realRate).toBe(0);
  expect((await all.detectionRate({ images, detector: none, real: images })).n).toEqual({ images: 2, real: 2 });
  const [train, generated] = pair.given(gpu) as [Tensor, Tensor];
  const found = await all.memorisation(train, generated, { test: train, cells: "one" });
  expect((await all.memorisation({ train, generated, test: train }, { cells: "one" })).value).toBe(found.value);
  const twice = await failure(() => all.memorisation({ train, generated, test: train }, { test: train }));
  expect(told(twice)).toEqual(asked("argument", /test is given twice/));
});

test("options that take the place of others are refused beside them, by name", async () => {
  const [x, y] = pair.given(gpu) as [Tensor, Tensor];
  const beside: [work: () => Promise<unknown>, message: RegExp][] = [
    [() => all.kernelDistance(x, y, { blockSize: 2, subsets: 3 }), /blockSize takes the place of subsets/],
    [() => all.kernelDistance(x, y, { blockSize: 2, subsetSize: 3 }), /blockSize takes the place of subsetSize/],
    [() => all.kernelDistance(x, y, { sigma: 3 }), /sigma belongs to the kernel "rbf"/],
    [() => all.mind(x, y, { directions: [[1, 0, 0, 0]], projections: 3 }), /directions takes the place of projections/],
    [() => all.ndb(x, y, { centres: [[1, 0, 0, 0]], bins: 3 }), /centres takes the place of bins/],
    [() => all.frechetDistanceInfinity(x, y, { points: [4, 8], count: 3 }), /points takes the place of count/],
    [() => all.vendiScore(x, { sigma: 3 }), /sigma belongs to kernel "rbf"/],
  ];
  for (const [work, message] of beside) expect(told(await failure(work))).toEqual(asked("argument", message));
});

test("FID and Inception Score stand before numbers of the FID Inception alone", () => {
  const titles = (name: string, isInception: boolean) =>
    measuresOf("score", KEYS.join(",")).map((entry) => titleOf(entry, { name, isInception }));
  for (const title of titles("MobileNet V2", false)) expect(title).not.toMatch(/FID|KID|Inception/);
  expect(titles("FID Inception, 2048 features", true)).toEqual(
    expect.arrayContaining(["FID", "KID", "Inception Score", "FID∞", "MiFID"]),
  );
});

test("eight streams, merged, give the number of the whole", async () => {
  const [n, m] = [48, 40];
  const [x, y] = [normal(gpu, "real", n, 4), normal(gpu, "generated", m, 4)];
  const p = shares(gpu, m);
  const merged = async (measure: Any, whole: Tensor, options: { [name: string]: unknown } = {}): Promise<number> => {
    const streams = Array.from({ length: 8 }, () => measure.streaming(options));
    for (const [k, stream] of streams.entries()) await stream.update(all.slice(whole, 0, 5 * k, 5 * k + 5));
    const { value } = await streams.reduce((first, next) => first.merge(next)).result();
    for (const stream of streams) stream.dispose();
    return value;
  };
  const off = { interval: false };
  const whole = (await all.frechetDistance(x, y, off)).value;
  expect(Math.abs((await merged(measureOf("frechetDistance"), y, { ...off, real: x })) / whole - 1)).toBeLessThan(1e-5);
  expect(await merged(measureOf("precisionRecall"), y, { ...off, real: x })).toBe(
    (await all.precisionRecall(x, y, off)).value,
  );
  expect(await merged(measureOf("classScore"), p)).toBe((await all.classScore(p)).value);
  const kernel = (await all.kernelDistance(x, y)).value;
  expect(await merged(measureOf("kernelDistance"), y, { real: x })).toBeCloseTo(kernel, 6);
});

test("streams merge where their options are the same, and take no part of a set that they have", async () => {
  const [x, y] = pair.given(gpu) as [Tensor, Tensor];
  const three = all.precisionRecall.streaming({ real: x, k: 3 });
  const two = all.precisionRecall.streaming({ real: x, k: 2 });
  expect(told(await failure(() => three.merge(two)))).toEqual(
    asked("argument", /other options do not merge. Expected k 3; got 2/),
  );
  expect(told(await failure(() => three.update({ real: y })))).toEqual(asked("argument", /real was given as a whole/));
  expect(told(await failure(() => three.result()))).toEqual(asked("data", /no samples yet/));
  for (const stream of [three, two]) stream.dispose();
});

test("sets on two gpus are refused", async () => {
  using other = await openNodeGpu();
  const error = await failure(() => all.kernelDistance(normal(gpu, "x", 4, 2), normal(other, "x", 4, 2)));
  expect(told(error)).toEqual(asked("wrong-device", /on one gpu; got 2/));
});

test("an interval from halves says its seed and costs no memory; too few rows are refused where it is asked for", async () => {
  const [x, y] = [normal(gpu, "real", 44, 3), normal(gpu, "generated", 41, 3)];
  const { bytes } = gpu.memory();
  const found = await all.precisionRecall(x, y, { seed: 3, resamples: 4 });
  expect([found.seed, found.interval?.length, found.intervals?.recall?.length]).toEqual([3, 2, 2]);
  expect(String(found)).toMatch(/recall [\d.]+ \([\d.]+ to [\d.]+\).*seed 3/);
  expect((await all.precisionRecall(x, y, { interval: false })).seed).toBeUndefined();
  expect(gpu.memory().bytes).toBe(bytes);
  const [few] = pair.given(gpu) as [Tensor];
  expect((await all.precisionRecall(few, few)).interval).toBeUndefined();
  const error = await failure(() => all.precisionRecall(few, few, { interval: true }));
  expect(told(error)).toEqual(asked("data", /at least 40 rows in each set; got 12/));
});
