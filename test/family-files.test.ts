import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gpu, type LatentModel, load, Tensor } from "../src/index.ts";
import * as family from "../src/models/family/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Options = { readonly [name: string]: unknown };
/** What some models need at this size, and what of theirs a file must bring back: moving averages, second stages, annealing. */
const own: { readonly [name: string]: Options } = {
  CategoricalVAE: { variables: 2, classes: 2, latent: 4, annealRate: 0.1 },
  ConditionalVAE: { classes: 2 },
  FactorVAE: { discriminatorHidden: [3] },
  HVAE: { latent: [2, 1] },
  IWAE: { samples: 2 },
  JointVAE: { classes: 2 },
  LVAE: { latent: [2, 1], hidden: [4, 3] },
  MIWAE: { samples: 2, groups: 2 },
  MSSIMVAE: { window: 3, scales: 1 },
  VampVAE: { components: 2 },
  VQVAE: { positions: 2, dimension: 2, codes: 3, latent: 4, ema: true },
};
const COUNT = 8;
const pixels = Uint8Array.from({ length: COUNT * 9 }, (_, i) => (i * 89) % 256);
const classes = Uint8Array.from({ length: COUNT }, (_, i) => i % 2);

/** The bits of what a model draws and of what it makes of images. */
async function bitsOf(model: LatentModel, x: Tensor): Promise<number[][]> {
  const labels = model.name === "ConditionalVAE" ? { labels: [0, 1] } : {};
  const q = model.encode(x, labels);
  const all = [model.sample(2, { seed: 3, ...labels }), q instanceof Tensor ? q : q.mean, model.reconstruct(x, labels)];
  expect([all[0]!.shape, all[2]!.shape]).toEqual([[2, 1, 3, 3], [2, 1, 3, 3]]); // prettier-ignore
  const read = await Promise.all(all.map(async (t) => (await t.read()) as Float32Array));
  expect(read.every((values) => values.every(Number.isFinite))).toBe(true);
  return read.map((values) => Array.from(new Uint32Array(values.buffer)));
}

it.each(Object.keys(family))("%s goes on from a checkpoint and comes back from its file, to the bit", async (name) => {
  const Model = Object.entries(family).find(([key]) => key === name)![1] as typeof family.VAE;
  const made = (seed: number): LatentModel =>
    new Model(gpu, { image: [1, 3, 3], hidden: [4], latent: 2, seed, ...own[name] }) as unknown as LatentModel;
  const recipe = { epochs: 2, batch: 4, seed: 5, ...(name === "ConditionalVAE" ? { labels: classes } : {}) };
  using whole = made(1);
  await whole.fit(pixels, recipe);

  using stopped = made(1);
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  const save = (bytes: Uint8Array) => {
    checkpoint = bytes;
    controller.abort(new Error("enough"));
  };
  await expect(stopped.fit(pixels, { ...recipe, checkpoint: { save }, signal: controller.signal })).rejects.toThrow(
    "enough",
  );
  // other weights at first: all of it must come from the checkpoint
  using resumed = made(2);
  await resumed.fit(pixels, { ...recipe, resume: checkpoint! });
  using x = gpu.tensor(
    Float32Array.from(pixels.subarray(0, 18), (byte) => byte / 255),
    [2, 9],
  );
  const bits = await bitsOf(whole, x);
  expect(await bitsOf(resumed, x)).toEqual(bits);

  const bytes = await whole.save();
  const again = (await load(gpu, bytes)) as LatentModel;
  expect(again).toBeInstanceOf(Model);
  expect(again.options).toEqual(whole.options);
  expect(await bitsOf(again, x)).toEqual(bits);
  expect(await again.save()).toEqual(bytes);
  again.dispose();
  again.dispose(); // a second time is nothing
});
