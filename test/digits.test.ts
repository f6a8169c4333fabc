import { afterAll, beforeAll, expect, it } from "vitest";
import { loadMnistNode } from "../src/data/mnist-node.ts";
import { Dataset } from "../src/data/dataset.ts";
import { Digits } from "../src/features/digits.ts";
import { classScore } from "../src/metrics/classScore.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

it("learns digits from a few hundred images, and gives features, probabilities and a class score", async () => {
  const { train } = await loadMnistNode();
  const count = 640;
  using digits = new Digits(gpu);
  using dataset = Dataset.from(gpu, train.images.subarray(0, count * 784), [count, 1, 28, 28], {
    labels: train.labels.slice(0, count) as Uint8Array<ArrayBuffer>,
  });
  const { buffers } = gpu.memory();
  await digits.fit(dataset, undefined, { epochs: 6, batch: 64, learningRate: 4e-3 });
  expect(gpu.memory().buffers).toBe(buffers);
  const accuracy = await digits.accuracy(dataset);
  // the classes are ten; the same images were trained on
  expect(accuracy).toBeGreaterThan(0.7);
  const x = dataset.slice(0, 300);
  const [features, probabilities] = [digits.features(x), digits.probabilities(x)];
  expect([features.shape, probabilities.shape]).toEqual([
    [300, 64],
    [300, 10],
  ]);
  expect((await features.read()).every((v) => v >= 0)).toBe(true);
  const { value: score } = await classScore(probabilities);
  expect(score).toBeGreaterThan(2.5);
  expect(score).toBeLessThanOrEqual(10);
  using again = Digits.load(gpu, await digits.save());
  expect(await again.accuracy(dataset)).toBe(accuracy);
});
