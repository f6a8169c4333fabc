import { afterAll, beforeAll, expect, it } from "vitest";
import { ConditionalVAE, Dataset, type Gpu, VAE } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const small = { image: [1, 2, 3], hidden: 4, latent: 2 } as const;
const images = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
const labels = [0, 1, 2, 1];
const once = { epochs: 1, batch: 4 };

it("of a fit are checked against the model's classes before anything trains", async () => {
  using model = new ConditionalVAE(gpu, { ...small, classes: 3 });
  const before = gpu.memory().bytes;
  const refused = async (options: object, data: Uint8Array<ArrayBuffer> | Dataset = images) => {
    const { code, message } = await failure(() => model.fit(data, { ...once, ...options }));
    return [code, message];
  };
  expect(await refused({ labels: [0, 1, 3, 1] })).toEqual([
    "data",
    "ConditionalVAE.fit: label 2 is 3. Expected labels from 0 to 2, of 3 classes.",
  ]);
  expect(await refused({})).toEqual([
    "argument",
    "ConditionalVAE.fit: expected labels, the class of each image, from 0 to 2; got none.",
  ]);
  expect(await refused({ labels, validation: images })).toEqual([
    "argument",
    "ConditionalVAE.fit validation: expected labels, the class of each image, from 0 to 2; got none.",
  ]);
  using unknown = Dataset.from(gpu, images, [4, 1, 2, 3], { labels: [0, 9, 1, 1] });
  const further = gpu.memory().bytes;
  expect(await refused({ labels, validation: unknown })).toEqual([
    "data",
    "ConditionalVAE.fit validation: label 1 is 9. Expected labels from 0 to 2, of 3 classes.",
  ]);
  expect(await refused({}, unknown)).toEqual([
    "data",
    "ConditionalVAE.fit: label 1 is 9. Expected labels from 0 to 2, of 3 classes.",
  ]);
  expect(gpu.memory().bytes).toBe(further);
  expect(further).toBeGreaterThan(before);
  using validation = Dataset.from(gpu, images, [4, 1, 2, 3], { labels });
  const { history } = await model.fit(images, { ...once, labels, validation });
  expect(Number.isFinite(history[0]!.validation)).toBe(true);
});

it("of calls on images are checked as well, and refused by a model without classes", async () => {
  using model = new ConditionalVAE(gpu, { ...small, classes: 3 });
  using vae = new VAE(gpu, small);
  const x = gpu.zeros([2, 6]);
  const bad = { labels: [0, 3] };
  const calls = {
    encode: () => model.encode(x, bad),
    decode: () => model.decode(gpu.zeros([2, 2]), bad),
    reconstruct: () => model.reconstruct(x, bad),
    sample: () => model.sample(2, bad),
    elbo: () => model.elbo(x, bad),
    logProb: () => model.logProb(x, bad),
    terms: () => model.terms(x, bad),
  };
  for (const [name, call] of Object.entries(calls))
    expect((await failure(call)).message).toBe(
      `ConditionalVAE.${name}: label 1 is 3. Expected labels from 0 to 2, of 3 classes.`,
    );
  const none = "this model has no classes. Expected no labels; got some.";
  expect((await failure(() => vae.fit(images, { ...once, labels }))).message).toBe(`VAE.fit: ${none}`);
  expect((await failure(() => vae.sample(2, { labels: [0, 1] }))).message).toBe(`VAE.sample: ${none}`);
});
