import { afterAll, beforeAll, expect, test } from "vitest";
import { defineModel, gaussianParts, type Gpu, mean, square, VAE } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** Says of the pixels that a step sees their mean and mean square. */
const Watcher = defineModel({
  name: "Watcher",
  options: {},
  parts: gaussianParts,
  objective: ({ x }, { encode }) => ({ loss: mean(square(encode(x).mean)), first: mean(x), second: mean(square(x)) }),
});
const [n, pixels, grey] = [64, 16, 0.3];
const images = new Float32Array(n * pixels).fill(grey);
const options = { epochs: 6, batch: n, binarize: true };

async function seen(seed: number, binarize: boolean) {
  using model = new Watcher(gpu, { image: [1, 4, 4], hidden: 3, latent: 2 });
  const { history } = await model.fit(images, { ...options, seed, binarize });
  return history.map(({ terms }) => [terms!["first"]!, terms!["second"]!] as const);
}

test("binarize draws each pixel as 0 or 1 by its grey level, anew in every step, and again from the same seed", async () => {
  const drawn = await seen(1, true);
  for (const [first, second] of drawn) {
    // pixels that are 0 or 1 are their own squares
    expect(second).toBe(first);
    expect(Math.abs(first - grey)).toBeLessThan(4 * Math.sqrt((grey * (1 - grey)) / (n * pixels)));
  }
  expect(new Set(drawn.map(([first]) => first)).size).toBeGreaterThan(1);
  expect(await seen(1, true)).toEqual(drawn);
  expect(await seen(2, true)).not.toEqual(drawn);
  for (const [first, second] of await seen(1, false)) {
    expect(first).toBeCloseTo(grey, 6);
    expect(second).toBeCloseTo(grey ** 2, 6);
  }
});

test("pixels that are 0 or 1 stay so, and training is the same to the bit", async () => {
  const black = Float32Array.from({ length: 20 * 6 }, (_, i) => (i % 3 ? 0 : 1));
  const trained = await Promise.all(
    [true, false].map(async (binarize) => {
      using vae = new VAE(gpu, { image: [1, 2, 3], hidden: 4, latent: 2 });
      await vae.fit(black, { epochs: 2, batch: 5, binarize });
      return await vae.save();
    }),
  );
  expect(trained[0]).toEqual(trained[1]);
  using vae = new VAE(gpu, { image: [1, 2, 3], hidden: 4, latent: 2 });
  const wrong = await failure(() => vae.fit(black, { binarize: 1 as never }));
  expect(wrong.message).toBe("VAE.fit: expected binarize true or false; got 1.");
});
