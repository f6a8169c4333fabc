import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gpu, load, type Tensor, VAE } from "../src/index.ts";
import type { LatentModel } from "../src/models/latent/model.ts";
import { failure, openShared } from "./helpers.ts";
import { blobs } from "./oracles/blobs.ts";

// The mixture of normals that a VAE may learn as its prior.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const small = { image: [1, 2, 3], hidden: 4, latent: 2 } as const;
const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];
const logits = [0, Math.log(3)];
const mean = [-1, 2, 3, 0];
const logVar = [0, -1, 0.5, 0.25];

/** A VAE whose prior has these numbers: weights ¼ and ¾. */
function known(): LatentModel {
  const model = new VAE(gpu, { ...small, priorComponents: 2 });
  for (const [name, list] of Object.entries({ logits, mean, log_var: logVar }))
    model.parameters[`prior.${name}`]!.write(Float32Array.from(list));
  return model;
}

/** log p(z) in float64. */
const density = (z: readonly number[]) =>
  Math.log(
    [0, 1].reduce((sum, k) => {
      const terms = [0, 1].map((j) => {
        const [m, l] = [mean[2 * k + j]!, logVar[2 * k + j]!];
        return Math.exp(-((z[j]! - m) ** 2) / (2 * Math.exp(l))) / Math.sqrt(2 * Math.PI * Math.exp(l));
      });
      return sum + [0.25, 0.75][k]! * terms[0]! * terms[1]!;
    }, 0),
  );

test("its density is the formula's, of one code an image and of several", async () => {
  using model = known();
  const codes = [[0, 0], [-1, 2], [3, 0.5], [9, -7]]; // prettier-ignore
  const { prior } = model.built.parts;
  const found = await values(prior.logProb(gpu.tensor(codes)));
  const several = await values(prior.logProb(gpu.tensor([codes.slice(0, 2), codes.slice(2)])));
  for (const [i, z] of codes.entries()) expect(Math.abs(found[i]! - density(z))).toBeLessThan(1e-5 * (1 + Math.abs(density(z)))); // prettier-ignore
  expect(several).toEqual(found);
});

test("its draws have the mixture's moments, and one component is a normal", async () => {
  const n = 20_000;
  using model = known();
  using one = new VAE(gpu, { ...small, priorComponents: 1 });
  one.parameters["prior.mean"]!.write(Float32Array.of(1, -2));
  for (const [of, expected, variance] of [
    // Σ π m and Σ π (e^ℓ + m²) − (Σ π m)²
    [model, [2, 0.5], [0.25 * (1 + 1) + 0.75 * (Math.exp(0.5) + 9) - 4, 0.25 * (Math.exp(-1) + 4) + 0.75 * Math.exp(0.25) - 0.25]],
    [one, [1, -2], [1, 1]],
  ] as const) {
    const drawn = await values(of.built.parts.prior.sample(n, { seed: 3, name: "prior" }));
    for (const j of [0, 1]) {
      const column = drawn.filter((_, at) => at % 2 === j);
      const average = column.reduce((a, b) => a + b) / n;
      const spread = column.reduce((a, b) => a + (b - average) ** 2, 0) / n;
      const fourth = column.reduce((a, b) => a + ((b - average) ** 2 - spread) ** 2, 0) / n;
      expect(Math.abs(average - expected[j]!)).toBeLessThan(4 * Math.sqrt(variance[j]! / n));
      expect(Math.abs(spread - variance[j]!)).toBeLessThan(4 * Math.sqrt(fourth / n));
    }
  }
}); // prettier-ignore

test("training moves it, files hold it, and kl is that of a draw", async () => {
  using model = new VAE(gpu, { ...small, priorComponents: 3 });
  const before = await Promise.all(["logits", "mean", "log_var"].map((name) => values(model.parameters[`prior.${name}`]!)));
  await model.fit(blobs(2).subarray(0, 60), { epochs: 2, batch: 5, learningRate: 1e-2 });
  const after = await Promise.all(["logits", "mean", "log_var"].map((name) => values(model.parameters[`prior.${name}`]!)));
  for (const [i, list] of after.entries()) {
    expect(list.every(Number.isFinite)).toBe(true);
    expect(list).not.toEqual(before[i]);
  }
  using again = (await load(gpu, await model.save())) as LatentModel;
  expect(await values(again.sample(3, { seed: 2 }))).toEqual(await values(model.sample(3, { seed: 2 })));
  const x = gpu.tensor([[0, 1, 0, 1, 1, 0]]);
  const noise = { z: gpu.tensor([[0.5, -1]]) };
  const { mean: m, logVar: l } = model.encode(x);
  const z = m.add(l.mul(0.5).exp().mul(noise.z));
  const expected = await model.encode(x).logProb(z).sub(model.built.parts.prior.logProb(z)).item(); // prettier-ignore
  expect(Math.abs((await model.elbo(x, { noise }).kl.item()) - expected)).toBeLessThan(1e-5);
}); // prettier-ignore

test("another prior, and free bits, are refused beside it", async () => {
  const bits = await failure(() => new VAE(gpu, { ...small, priorComponents: 2, freeBits: 0.5 }));
  expect([bits.code, bits.message]).toEqual([
    "argument",
    "VAE: freeBits are of the divergence from N(0, I), latent by latent. Expected none beside priorComponents; got 0.5.",
  ]);
  using vae = new VAE(gpu, small);
  const prior = vae.built.parts.prior;
  const other = await failure(() => new VAE(gpu, { ...small, priorComponents: 2, prior }));
  expect(other.message).toMatch(/its codes have a prior of their own/);
  expect((await failure(() => new VAE(gpu, { ...small, priorComponents: -1 }))).code).toBe("argument");
});
