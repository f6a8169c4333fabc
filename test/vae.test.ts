import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSafetensors, writeSafetensors } from "../src/formats/safetensors.ts";
import { grad, mul, random, sum } from "../src/index.ts";
import { klHeads, sampleHeads, splitHeads } from "../src/graph/ops/heads.ts";
import { AutoEncoder } from "../src/models/family/autoEncoder.ts";
import { VAE } from "../src/models/family/vae.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { blobs, small } from "./oracles/blobs.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const average = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** A model with the given values in its states. */
async function withValues(
  options: ConstructorParameters<typeof VAE>[1],
  values: Record<string, number[]>,
): Promise<VAE> {
  using vae = new VAE(gpu, options);
  const { tensors, metadata } = parseSafetensors(await vae.save());
  const replaced = [...tensors].map(([name, t]) => [name, { ...t, data: Float32Array.from(values[name]!) }] as const);
  return VAE.load(gpu, writeSafetensors(replaced, metadata));
}

describe("a linear decoder with Gaussian noise, whose likelihood is known", () => {
  // p(x) = N(0, W·Wᵀ + ¼ I); log p and the posterior's moments from NumPy in float64
  const exact = -3.241524450247;
  const bound = -3.265304891116;
  const x = [0.3, -0.7, 1.1];
  const mean = [0.49767442, -0.56046512];
  const variances = [0.11627907, 0.10465116];
  let vae: VAE;
  beforeAll(async () => {
    vae = await withValues(
      { image: [1, 1, 3], hidden: [], latent: 2, likelihood: "gaussian", variance: 0.25 },
      {
        "mean.weight": [0, 0, 0, 0, 0, 0],
        "mean.bias": mean,
        "log_var.weight": [0, 0, 0, 0, 0, 0],
        "log_var.bias": variances.map(Math.log),
        "output.weight": [1, 0.5, 0, 1, 1, -1],
        "output.bias": [0, 0, 0],
      },
    );
  });
  const rows = (n: number) =>
    gpu.tensor(
      Float32Array.from({ length: 3 * n }, (_, i) => x[i % 3]!),
      [n, 3],
    );

  it("has the ELBO of the posterior's diagonal", async () => {
    const n = 40_000;
    const { elbo, reconstruction, kl } = vae.elbo(rows(n), { seed: 1 });
    const divergence = 0.5 * mean.reduce((sum, m, i) => sum + m * m + variances[i]! - 1 - Math.log(variances[i]!), 0);
    expect((await kl.read())[0]).toBeCloseTo(divergence, 5);
    const values = await elbo.read();
    // the standard deviation of one draw is about 0.9: four standard errors
    expect(Math.abs(average(values) - bound)).toBeLessThan(0.018);
    const parts = await reconstruction.read();
    for (const i of [0, 1, n - 1]) expect(values[i]).toBeCloseTo(parts[i]! - divergence, 4);
  });

  it("has importance-weighted bounds that rise to log p", async () => {
    const means: number[] = [];
    for (const samples of [1, 5, 50]) means.push(average(await vae.logProb(rows(4000), { samples, seed: 2 }).read()));
    expect(Math.abs(means[0]! - bound)).toBeLessThan(0.06);
    expect(means[1]).toBeGreaterThan(means[0]!);
    expect(means[2]).toBeGreaterThan(means[1]!);
    expect(Math.abs(means[2]! - exact)).toBeLessThan(0.003);
  });

  it("comes close to log p with 75,000 samples, taken in several blocks", async () => {
    const values = await vae.logProb(rows(20), { samples: 75_000, seed: 3 }).read();
    for (const value of values) expect(Math.abs(value - exact)).toBeLessThan(0.02);
    expect(Math.abs(average(values) - exact)).toBeLessThan(0.002);
    expect(() => vae.logProb(rows(2), { samples: 0 })).toThrow(/samples > 0; got 0/);
  });
});

describe("the heads", () => {
  const values = [1, -0.5, 0, Math.log(4), 0.3, 2, -25, 21];

  it("have the divergence of the closed form, and keep log-variances within 20", async () => {
    const heads = gpu.tensor(values, [2, 4]);
    const kl = await klHeads(heads).read();
    expect(kl[0]).toBeCloseTo(1.43185281944, 5);
    const clamped = 0.5 * (0.09 + Math.exp(-20) - 1 + 20 + 4 + Math.exp(20) - 1 - 20);
    expect(Math.abs(kl[1]! / clamped - 1)).toBeLessThan(1e-5);
    expect([...(await splitHeads(heads).logVar.read())].map((v) => Math.round(v))).toEqual([0, 1, -20, 20]);
  });

  it("have zero divergence at the prior, and only there", async () => {
    expect(await klHeads(gpu.tensor(new Float32Array(8), [2, 4])).read()).toEqual(new Float32Array(2));
    expect((await klHeads(gpu.tensor([0, 0, 0.1, 0], [1, 4])).read())[0]).toBeGreaterThan(0);
  });

  it.each([false, true])("pass gradients on as finite differences say, with noise that is given: %s", async (given) => {
    const point = [0.5, -1, 0.3, -0.7, 1.2, 0.1, 0.9, -2];
    const weights = gpu.tensor([1, -2, 0.5, 3], [2, 2]);
    const draw = { seed: 4, stream: 1, step: 2 };
    const noise = given ? random.normal(gpu, [2, 2], draw) : draw;
    const lossOf = (heads: ReturnType<Gpu["tensor"]>) =>
      sum(klHeads(heads).mul(gpu.tensor([1, 2]))).add(sum(mul(sampleHeads(heads, noise), weights)));
    const heads = gpu.tensor(point, [2, 4]);
    const [slope] = grad(lossOf(heads), [heads]);
    const found = await slope!.read();
    for (const [i, value] of found.entries()) {
      const at = async (h: number) =>
        lossOf(
          gpu.tensor(
            point.map((p, j) => (j === i ? p + h : p)),
            [2, 4],
          ),
        ).item();
      const expected = ((await at(0.02)) - (await at(-0.02))) / 0.04;
      // the third derivative times h²/6, and float32's rounding over 2h
      expect(Math.abs(value - expected)).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
    }
  });

  it("do not move log-variances that are out of range", async () => {
    const heads = gpu.tensor(values, [2, 4]);
    const [slope] = grad(sum(klHeads(heads)), [heads]);
    const found = await slope!.read();
    expect([Math.abs(found[6]!), Math.abs(found[7]!)]).toEqual([0, 0]);
    expect(found[5]).toBe(2);
  });
});

describe("the VAE", () => {
  it("of pytorch/examples has 652,824 parameters under its names", async () => {
    using vae = new VAE(gpu, { image: [1, 28, 28] });
    expect(vae.parameterCount).toBe(652_824);
    const { tensors } = parseSafetensors(await vae.save());
    expect(Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual({
      "fc1.weight": [400, 784],
      "fc1.bias": [400],
      "fc21.weight": [20, 400],
      "fc21.bias": [20],
      "fc22.weight": [20, 400],
      "fc22.bias": [20],
      "fc3.weight": [400, 20],
      "fc3.bias": [400],
      "fc4.weight": [784, 400],
      "fc4.bias": [784],
    });
  });

  it("encodes, decodes, reconstructs, interpolates and samples in the images' shape", async () => {
    using vae = new VAE(gpu, small);
    const x = gpu.tensor(blobs(4), [4, 1, 8, 8]);
    const { mean, logVar } = vae.encode(x);
    expect([mean.shape, logVar.shape]).toEqual([
      [4, 3],
      [4, 3],
    ]);
    const decoded = await vae.decode(mean).read();
    expect([...(await vae.reconstruct(x).read())]).toEqual([...decoded]);
    expect(decoded.every((p) => p > 0 && p < 1)).toBe(true);
    const first = gpu.tensor(blobs(1), [1, 8, 8]);
    expect(Object.keys(vae.parameters)).toHaveLength(10);
    expect(await vae.parameters["fc22.bias"]!.read()).toHaveLength(3);
    const line = vae.interpolate(first, first, 5);
    expect(line.shape).toEqual([5, 1, 8, 8]);
    const pixels = await line.read();
    for (let k = 1; k < 5; k++) expect(Math.abs(pixels[k * 64]! - pixels[0]!)).toBeLessThan(1e-6);
    expect([...(await vae.sample(3, { seed: 1 }).read())]).toEqual([...(await vae.sample(3, { seed: 1 }).read())]);
    const drawn = await vae.sample(3, { seed: 1, draw: true }).read();
    expect(new Set(drawn)).toEqual(new Set([0, 1]));
  });

  it("is saved and loaded whole", async () => {
    using vae = new VAE(gpu, { ...small, likelihood: "gaussian", beta: 2 });
    const bytes = await vae.save();
    using again = VAE.load(gpu, bytes);
    expect(again.options).toEqual(vae.options);
    expect(await again.save()).toEqual(bytes);
    expect(() => AutoEncoder.load(gpu, bytes)).toThrow(/another model. Expected AutoEncoder; got "VAE"/);
    const memory = gpu.memory();
    const { tensors, metadata } = parseSafetensors(bytes);
    expect(() => VAE.load(gpu, writeSafetensors([...tensors].slice(1), metadata))).toThrow(/no tensor/);
    expect(gpu.memory().buffers).toBe(memory.buffers);
  });

  it("names what is wrong with its options and inputs", () => {
    expect(() => new VAE(gpu, { ...small, latents: 3 } as never)).toThrow(/VAE: unknown option.*"latents"/);
    expect(() => new VAE(gpu, { image: [28, 28] } as never)).toThrow(
      /image \[channels, height, width\].*got \[28,28\]/,
    );
    expect(() => new VAE(gpu, { ...small, beta: -1 })).toThrow(/beta as a number ≥ 0; got -1/);
    expect(() => new VAE(gpu, { ...small, latent: [2, 3] })).toThrow(/latent whole and > 0; got \[2,3\]/);
    using vae = new VAE(gpu, small);
    expect(() => vae.encode(gpu.tensor(new Float32Array(9), [1, 9]))).toThrow(
      /expected images \[n, 1, 8, 8\] or \[n, 64\]; got \[1, 9\]/,
    );
    expect(() => vae.decode(gpu.tensor([1, 2]))).toThrow(/expected codes \[n, 3\]/);
    vae.dispose();
    vae.dispose();
    expect(() => vae.encode(gpu.tensor(blobs(1), [1, 64]))).toThrow(/disposed/);
  });

  it("with convolutions learns, and comes back from its file", async () => {
    using vae = new VAE(gpu, { image: [1, 8, 8], encoder: "conv", hidden: [4, 8], latent: 3 });
    const { history } = await vae.fit(blobs(32), { epochs: 6, batch: 16, learningRate: 1e-2 });
    expect(history.at(-1)!.loss).toBeLessThan(0.9 * history[0]!.loss);
    using again = VAE.load(gpu, await vae.save());
    expect([...(await again.sample(2).read())]).toEqual([...(await vae.sample(2).read())]);
  });

  it("learns the variance of a Gaussian likelihood", async () => {
    using vae = new VAE(gpu, { ...small, likelihood: "gaussian" });
    await vae.fit(blobs(64), { epochs: 30, batch: 32, learningRate: 1e-2 });
    const { tensors } = parseSafetensors(await vae.save());
    // pixels vary by less than 0.1 around their means, so the variance falls far below its first value, 1
    expect(tensors.get("likelihood.log_var")!.data[0]).toBeLessThan(-0.2);
  });
});

describe("the auto-encoder", () => {
  it("draws images from the codes of its training images", async () => {
    using model = new AutoEncoder(gpu, { ...small, latent: 4 });
    expect(() => model.sample(1)).toThrow(/Call fit first/);
    const images = blobs(64);
    const { history } = await model.fit(images, { epochs: 10, batch: 32, learningRate: 1e-2 });
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
    const x = gpu.tensor(images, [64, 64]);
    const codes = (await model.encode(x).read()) as Float32Array;
    const sampled = (await model.encode(model.sample(2000, { seed: 3 })).read()) as Float32Array;
    expect(sampled.every(Number.isFinite)).toBe(true);
    using again = AutoEncoder.load(gpu, await model.save());
    expect([...(await again.sample(3).read())]).toEqual([...(await model.sample(3).read())]);
    expect(average(await model.logProb(x).read())).toBeCloseTo(-history.at(-1)!.loss, -1);
    expect(codes).toHaveLength(256);
  });
});
