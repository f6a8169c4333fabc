import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMnistNode } from "../src/data/mnist-node.ts";
import { digitsV1 } from "../src/features/digitsV1.ts";
import { Dataset, Digits, extract, frechetDistance, type Gpu } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** What the weights give in float64, by test/oracles/digits_v1.py. */
const oracle = JSON.parse(readFileSync(new URL("oracles/digits_v1.json", import.meta.url), "utf8")) as {
  readonly bytes: number;
  readonly right: number;
  readonly features: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
};

/** Largest difference of two tables, divided by the largest number. */
function worst(found: Float32Array, expected: readonly (readonly number[])[]): number {
  const flat = expected.flat();
  const most = Math.max(...flat.map(Math.abs));
  return Math.max(...flat.map((value, i) => Math.abs(value - found[i]!))) / most;
}

describe("digits-v1", () => {
  it("has the checksum that scores are compared by, and knows 98.85 % of the test images, as in float64", async () => {
    const { buffers } = gpu.memory();
    {
      using digits = await Digits.v1(gpu);
      expect([digits.name, digits.checksum, digits.layers]).toEqual(["digits-v1", "72db39d2", "small"]);
      const { test } = await loadMnistNode();
      using images = Dataset.from(gpu, test.images, [10_000, 1, 28, 28], {
        labels: test.labels as Uint8Array<ArrayBuffer>,
      });
      const accuracy = await digits.accuracy(images);
      expect(accuracy).toBeGreaterThanOrEqual(0.985);
      expect(Math.abs(accuracy * 10_000 - oracle.right)).toBeLessThanOrEqual(1);
      const x = images.slice(0, 16);
      const [features, probabilities] = [digits.features(x), digits.probabilities(x)];
      expect(worst((await features.read()) as Float32Array, oracle.features)).toBeLessThan(1e-5);
      expect(worst((await probabilities.read()) as Float32Array, oracle.probabilities)).toBeLessThan(1e-5);
      for (const tensor of [x, features, probabilities]) tensor.dispose();
    }
    expect(gpu.memory().buffers).toBe(buffers);
  });

  it("is a file of less than 300 kB, and the same numbers come back from save", async () => {
    expect(atob(digitsV1).length).toBe(oracle.bytes);
    expect(oracle.bytes).toBeLessThan(300_000);
    using digits = await Digits.v1(gpu);
    using again = Digits.load(gpu, await digits.save());
    expect([again.checksum, again.name]).toEqual([digits.checksum, "digit classifier small"]);
  });

  it("is part of a score's name, with its checksum", async () => {
    using digits = await Digits.v1(gpu);
    const { test } = await loadMnistNode();
    using images = Dataset.from(gpu, test.images.subarray(0, 40 * 784), [40, 1, 28, 28]);
    const codes = await extract(digits, images);
    const score = await frechetDistance(codes, codes, { features: digits });
    expect(String(score)).toContain(`digits-v1`);
    expect(String(score)).toContain(digits.checksum);
    expect(digits.input).toMatchObject({ size: [28, 28], mean: 127.5, deviation: 127.5 });
    codes.dispose();
  });
});

describe("other digit classifiers", () => {
  it("with the layers of LeNet learn, have 84 features, and come back from their file", async () => {
    const { train } = await loadMnistNode();
    using data = Dataset.from(gpu, train.images.subarray(0, 96 * 784), [96, 1, 28, 28], {
      labels: train.labels.slice(0, 96) as Uint8Array<ArrayBuffer>,
    });
    using lenet = new Digits(gpu, { layers: "lenet", seed: 1 });
    expect(lenet.checksum).toBe("untrained");
    const { history } = await lenet.fit(data, undefined, { epochs: 3, batch: 32, learningRate: 4e-3 });
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
    expect(lenet.checksum).toMatch(/^[0-9a-f]{8}$/);
    const features = lenet.features(data.slice(0, 3));
    expect(features.shape).toEqual([3, 84]);
    expect(lenet.maps(data.slice(0, 3)).map(({ shape }) => shape)).toEqual([
      [3, 6, 14, 14],
      [3, 16, 5, 5],
    ]);
    using again = Digits.load(gpu, await lenet.save());
    expect([again.layers, again.checksum, again.name]).toEqual(["lenet", lenet.checksum, lenet.name]);
  });

  it("are refused with layers that have no name, and images of another size", async () => {
    const error = await failure(() => new Digits(gpu, { layers: "vgg" as "lenet" }));
    expect([error.code, error.message]).toEqual(["argument", 'Digits: expected layers "small" or "lenet"; got vgg.']);
    using digits = new Digits(gpu);
    expect((await failure(() => digits.features(gpu.zeros([1, 3, 28, 28])))).code).toBe("shape");
  });
});
