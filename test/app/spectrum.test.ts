import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobContext } from "../../src/app/job/modelEntry.ts";
import type { JobEvent } from "../../src/app/job/events.ts";
import { dequantised } from "../../src/app/job/pixels.ts";
import { presets } from "../../src/app/job/settings.ts";
import { constantPixels, directionImages, directionsFor, spectrumOf } from "../../src/app/job/spectrum.ts";
import { Dataset } from "../../src/data/dataset.ts";
import type { Gpu } from "../../src/program/gpu.ts";
import { openShared } from "../helpers.ts";

test("directions are counted until their sum reaches the share", () => {
  expect(directionsFor([6, 3, 1, 0, -1e-9], [0.5, 0.6, 0.9, 1])).toEqual([
    { share: 0.5, directions: 1 },
    { share: 0.6, directions: 1 },
    { share: 0.9, directions: 2 },
    { share: 1, directions: 3 },
  ]);
});

test("pixels are constant when no image differs from the first", () => {
  expect(constantPixels(Uint8Array.of(0, 5, 0, 0, 5, 9, 0, 5, 0), 3)).toBe(2);
});

test("a direction is stretched around grey, its largest pixel bright", () => {
  const n = 784;
  const vectors = new Float32Array(n * n);
  vectors[3 * n + (n - 1)] = -0.8;
  vectors[4 * n + (n - 1)] = 0.4;
  for (let k = 1; k < 20; k++) vectors[k * n + (n - 1 - k)] = 1;
  const images = directionImages(new Float32Array(n).fill(0.25), vectors);
  expect([images[0], images[n + 3], images[n + 4], images[n]]).toEqual([0.25, 1, 0.25, 0.5]);
});

describe("on the GPU", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => gpu.dispose());

  const count = 40;
  const bytes = Uint8Array.from({ length: count * 784 }, (_, i) => (i % 784 < 10 ? Math.floor(i * i * 0.37) % 256 : 0));

  test("the spectrum's sum is the variance of all pixels, and its memory is given back", async () => {
    const before = gpu.memory().bytes;
    const train = Dataset.from(gpu, bytes, [count, 1, 28, 28]);
    const told: JobEvent[] = [];
    const context: JobContext = {
      gpu,
      train,
      test: train,
      settings: presets.quick,
      seed: 1,
      tell: (event) => told.push(event),
    };
    const { values, constantPixels: constant, shares } = await spectrumOf(context, bytes, () => {});
    train.dispose();
    let variance = 0;
    for (let pixel = 0; pixel < 10; pixel++) {
      const values = Array.from({ length: count }, (_, image) => bytes[image * 784 + pixel]! / 255);
      const mean = values.reduce((a, b) => a + b, 0) / count;
      for (const value of values) variance += (value - mean) ** 2 / (count - 1);
    }
    const sum = values.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum / variance - 1)).toBeLessThan(1e-5); // float32 sums of 40 products
    expect(constant).toBe(774);
    expect(shares.at(-1)!.directions).toBeLessThanOrEqual(10);
    expect(told.map((event) => event.kind)).toEqual(["picture"]);
    expect(gpu.memory().bytes).toBe(before);
  });

  test("dequantised pixels stay in their grey level's cell, the same for the same seed", async () => {
    const train = Dataset.from(gpu, bytes, [count, 1, 28, 28]);
    const rows = dequantised(train, count, 3);
    const read = async (start: number) => (await (await rows.batch(start, 8)).read()) as Float32Array;
    const [once, again, later] = [await read(0), await read(0), await read(8)];
    expect(again).toEqual(once);
    expect(later.slice(700, 784)).not.toEqual(once.slice(700, 784));
    const outside = once.filter(
      (value, i) => !(value * 256 >= bytes[i]! - 1e-4 && value * 256 <= bytes[i]! + 1 + 1e-4),
    );
    expect([...outside]).toEqual([]);
    train.dispose();
  });
});
