import { afterAll, beforeAll, expect, it } from "vitest";
import {
  BatchNorm,
  Dropout,
  type Gpu,
  Linear,
  linalg,
  RAE,
  random,
  sequential,
  type Tensor,
  VAE,
} from "../src/index.ts";
import { spectrallyNormalised } from "../src/models/latent/regularizers.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];
const flat = (x: Tensor) => x.reshape([x.shape[0]!, 6]);
const layers = (p: number) => ({
  encoder: sequential({
    flat,
    fc: new Linear(gpu, 6, 4, { seed: 1 }),
    norm: new BatchNorm(gpu, 4),
    drop: new Dropout({ p }),
  }),
  decoder: sequential({ fc: new Linear(gpu, 2, 6, { seed: 2 }) }),
});

it("layers of one's own are told when they train: statistics move once a step, dropout drops, and evaluation does neither", async () => {
  using vae = new VAE(gpu, { image: [1, 2, 3], latent: 2, encoder: layers(0.5) });
  const images = Float32Array.from({ length: 48 }, (_, i) => (i % 7) / 7);
  const x = gpu.tensor(images, [8, 1, 2, 3]);
  const mean = () => values(vae.buffers["encoder.norm.running_mean"]!);
  expect(await mean()).toEqual([0, 0, 0, 0]);
  // terms are those of training: other elements are dropped in other steps, and no statistic moves
  const losses = await Promise.all([0, 1].map((step) => vae.terms(x, { step, noise: gpu.zeros([8, 2]) }).loss.item()));
  expect(losses[0]).not.toBe(losses[1]);
  expect(await mean()).toEqual([0, 0, 0, 0]);
  const before = await values(vae.encode(x).mean);
  expect(await values(vae.encode(x).mean)).toEqual(before);
  await vae.fit(images, { epochs: 1, batch: 8, learningRate: 0 });
  // one step of momentum 0.1 from zero towards the batch's mean
  const [w, b] = [await values(vae.parameters["encoder.fc.weight"]!), await values(vae.parameters["encoder.fc.bias"]!)];
  const expected = b.map((bias, o) => {
    let total = 0;
    for (let n = 0; n < 8; n++) for (let i = 0; i < 6; i++) total += w[o * 6 + i]! * images[n * 6 + i]!;
    return 0.1 * (bias + total / 8);
  });
  for (const [o, moved] of (await mean()).entries()) expect(moved).toBeCloseTo(expected[o]!, 5);
  const after = await mean();
  // a call between fits is no step of the next
  vae.encode(x);
  await vae.fit(images, { epochs: 1, batch: 8, learningRate: 0 });
  expect(await mean()).not.toEqual(after);
  const moved = await mean();
  await values(vae.elbo(x).elbo);
  expect(await mean()).toEqual(moved);
});

it("spectral normalisation takes all that reaches an output, also of a transposed convolution; layers of one's own are refused", async () => {
  const weight = random.normal(gpu, [3, 2, 2, 2], { seed: 3 });
  const rows = weight.transpose([1, 0, 2, 3]).reshape([2, 12]);
  const [largest] = (await values(await linalg.svdvals(rows))).sort((a, b) => b - a);
  const normalised = await values(spectrallyNormalised(weight, 1));
  for (const [i, v] of (await values(weight)).entries()) expect(normalised[i]).toBeCloseTo(v / largest!, 4);
  const options = { image: [1, 2, 3], latent: 2, encoder: layers(0), regularizer: "spectral" } as const;
  expect((await failure(() => new RAE(gpu, options))).message).toBe(
    'RAE: weights of your own layers cannot be normalised. Expected regularizer "l2" or "gradient" beside them; got "spectral".',
  );
});
