import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gpu, load, type Tensor, VQVAE } from "../src/index.ts";
import type { CodebookPrior } from "../src/models/latent/codebookPrior.ts";
import { chiSquareLimit, chiSquareOf, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const [positions, codes] = [3, 5];
const options = { image: [1, 2, 3], hidden: 6, positions, codes, dimension: 2, seed: 1 } as const;
const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];
/** (count + 1/codes) / (images + 1) of entries, [n, positions] row by row. */
const frequenciesOf = (indices: readonly number[]) =>
  Array.from({ length: positions * codes }, (_, at) => {
    const [j, entry] = [Math.floor(at / codes), at % codes];
    const count = indices.filter((index, i) => i % positions === j && index === entry).length;
    return Math.fround((count + 1 / codes) / (indices.length / positions + 1));
  });
const indicesOf = async (model: InstanceType<typeof VQVAE>, x: Tensor) =>
  values((model.encode(x) as unknown as { indices: Tensor }).indices);

test("a fit counts the entries of its images, by position, and samples and bounds go by that; so do those of its file", async () => {
  using model = new VQVAE(gpu, { ...options, ema: true });
  const f = model.buffers["prior.frequencies"]!;
  expect(await values(f)).toEqual(new Array(positions * codes).fill(Math.fround(1 / codes)));
  const images = Float32Array.from({ length: 40 * 6 }, (_, i) => ((i * 7919) % 101) / 101);
  await model.fit(images, { epochs: 4, batch: 8, learningRate: 1e-2 });
  const x = gpu.tensor(images, [40, 6]);
  const indices = await indicesOf(model, x);
  const expected = frequenciesOf(indices);
  expect(await values(f)).toEqual(expected);
  const { kl } = model.elbo(x);
  for (const [i, cost] of (await values(kl)).entries()) {
    const own = indices.slice(i * positions, i * positions + positions);
    const logs = own.map((entry, j) => Math.log(expected[j * codes + entry]!));
    expect(cost).toBeCloseTo(-logs.reduce((a, b) => a + b), 5);
  }
  using again = (await load(gpu, await model.save())) as InstanceType<typeof VQVAE>;
  expect(await values(again.buffers["prior.frequencies"]!)).toEqual(expected);
  expect(await values(again.sample(20, { seed: 3 }))).toEqual(await values(model.sample(20, { seed: 3 })));
});

test("draws have the frequencies of each position, and positions are independent", async () => {
  using model = new VQVAE(gpu, options);
  // entries far apart, so that a draw says which they are
  const entries = Float32Array.from({ length: codes * 2 }, (_, i) => (i % 2 ? 0 : i / 2));
  model.parameters["codebook.weight"]!.write(entries);
  const prior = model.built.parts.prior as CodebookPrior;
  const seen = Array.from({ length: 90 }, (_, i) => (i % positions === 1 ? 4 : (i * i) % codes));
  prior.fit(seen);
  const n = 20_000;
  const drawn = (await values(prior.sample(n, { seed: 2, name: "prior" }))).filter((_, i) => i % 2 === 0);
  const f = frequenciesOf(seen);
  const at = (j: number) => f.slice(j * codes, j * codes + codes);
  for (let j = 0; j < positions; j++) {
    const counts = new Array<number>(codes).fill(0);
    for (let i = j; i < drawn.length; i += positions) counts[drawn[i]!]! += 1;
    expect(chiSquareOf(counts, at(j))).toBeLessThan(chiSquareLimit(codes - 1));
  }
  const pairs = new Array<number>(codes * codes).fill(0);
  for (let i = 0; i < n; i++) pairs[drawn[i * positions]! * codes + drawn[i * positions + 2]!]! += 1;
  const product = at(0).flatMap((p) => at(2).map((q) => p * q));
  expect(chiSquareOf(pairs, product)).toBeLessThan(chiSquareLimit(codes * codes - 1));
});
