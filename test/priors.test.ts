import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BetaTCVAE,
  BetaVAE,
  Gaussian,
  GaussianMixture,
  type Gpu,
  load,
  type Posterior,
  random,
  sum,
  type Tensor,
  VAE,
} from "../src/index.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import * as family from "../src/models/family/index.ts";
import { StandardNormal } from "../src/models/latent/normal.ts";
import type { LatentModel } from "../src/models/latent/model.ts";
import { stepContext } from "../src/nn/objective.ts";
import { failure, openShared } from "./helpers.ts";
import { blobs } from "./oracles/blobs.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const small = { image: [1, 2, 3], hidden: 4, latent: 2 } as const;
const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];
/** A file's tensors by name. */
const contents = (file: Uint8Array) =>
  [...parseSafetensors(file).tensors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, t]) => [name, t.shape, [...t.data]]);
const images = () => random.uniform(gpu, [5, 6], { seed: 1 });
/** ½ (μ² + e^ℓ − 1 − ℓ) of each latent, averaged over the batch, at least `bits` each, added up. */
const floored = (mean: readonly number[], logVar: readonly number[], latent: number, bits: number) =>
  Array.from({ length: latent }, (_, j) => {
    const of = mean.filter((_, i) => i % latent === j).map((m, i) => [m, logVar[i * latent + j]!] as const);
    return of.reduce((s, [m, l]) => s + 0.5 * (m * m + Math.exp(l) - 1 - l), 0) / of.length;
  }).reduce((total, kl) => total + Math.max(kl, bits), 0);

describe("free bits", () => {
  it("are a least cost of each latent, of one level and of two", async () => {
    using vae = new VAE(gpu, { ...small, freeBits: 0.4 });
    const x = images();
    const { loss, reconstruction } = vae.terms(x, { seed: 2 });
    const { mean, logVar } = vae.encode(x);
    const cost = floored(await values(mean), await values(logVar), 2, 0.4);
    expect((await loss.item()) + (await reconstruction!.item())).toBeCloseTo(cost, 4);
    for (const Model of [family.HVAE, family.LVAE]) {
      // far below the floor on every latent of both levels: the floor alone is paid
      using two = new Model(gpu, { image: [1, 2, 3], hidden: [4, 4], latent: [2, 1], freeBits: 50 });
      const terms = two.terms(x, { seed: 2 });
      expect((await terms.loss.item()) + (await terms.reconstruction!.item())).toBeCloseTo(150, 3);
    }
  });

  it("are refused beside a prior whose divergence is no number of each latent", async () => {
    const prior = await Gaussian.from(gpu, { mean: [0, 1], covariance: [1, 2] });
    const message = /freeBits are of the divergence from N\(0, I\).*Expected no other prior; got one, and freeBits 0.5/;
    const refused = await failure(() => new VAE(gpu, { ...small, freeBits: 0.5, prior }));
    expect(refused.code).toBe("argument");
    expect(refused.message).toMatch(message);
    using vae = new VAE(gpu, { ...small, freeBits: 0.5 });
    using later = vae.withPrior(prior);
    // to sample from it is fine, to train against it is not
    expect(later.sample(2).shape).toEqual([2, 1, 2, 3]);
    expect((await failure(() => later.terms(images()))).message).toMatch(message);
    expect((await failure(() => later.fit(blobs(2).subarray(0, 12)))).message).toMatch(message);
    using same = new VAE(gpu, { ...small, freeBits: 0.5, prior: new StandardNormal(gpu, 2) });
    using plain = new VAE(gpu, { ...small, freeBits: 0.5 });
    expect(await same.terms(images()).loss.item()).toBe(await plain.terms(images()).loss.item());
    expect((await failure(() => new family.VampVAE(gpu, { ...small, freeBits: 1 } as never))).message).toMatch(
      /unknown option.*"freeBits"/,
    );
    prior.dispose();
  });
});

describe("elbo", () => {
  it.each([
    ["JointVAE", { latent: 2, variables: 1, classes: 3 }, 5],
    ["CategoricalVAE", { variables: 2, classes: 3 }, 6],
    ["GammaVAE", { latent: 2 }, 2],
  ] as const)("%s counts log q(z|x) − log p(z) of the prior that it was given", async (name, options, width) => {
    const Model = Object.entries(family).find(([key]) => key === name)![1] as unknown as typeof BetaVAE;
    using model: LatentModel = new Model(gpu, { image: [1, 2, 3], hidden: [4], ...options } as never);
    // log p(z) = Σ z: a density of nothing, but another number at each code
    const prior = {
      shape: [width],
      parameters: {},
      logProb: (z: Tensor) => sum(z, -1),
      sample: () => gpu.zeros([1, width]),
    };
    const x = images();
    const found = await values(model.withPrior(prior).elbo(x, { seed: 4 }).kl);
    const q = model.encode(x) as Posterior;
    const z = q.sample(stepContext(gpu, { where: "test", seed: 4, training: false }).draw("z"));
    const [logQ, logP] = [await values(q.logProb(z)), await values(sum(z, -1))];
    expect(found.length).toBe(x.shape[0]);
    for (const i of found.keys()) expect(found[i]).toBeCloseTo(logQ[i]! - logP[i]!, 4);
    const own = await values(model.elbo(x, { seed: 4 }).kl);
    expect(own.every((value) => value >= 0)).toBe(true);
    expect(own).not.toEqual(found);
  });

  it.each([VAE, BetaVAE, BetaTCVAE, family.GammaVAE] as const)(
    "%o is reconstruction − kl, and the VAE's counts beta",
    async (Model) => {
      using model: LatentModel = new (Model as typeof BetaVAE)(gpu, { ...small, beta: 3 });
      const { elbo, reconstruction, kl } = model.elbo(images(), { seed: 4, step: 7 });
      const weight = model.name === "VAE" ? 3 : 1;
      const [e, r, k] = [await values(elbo), await values(reconstruction), await values(kl)];
      for (const i of e.keys()) expect(e[i]).toBeCloseTo(r[i]! - weight * k[i]!, 4);
    },
  );

  it("bounds log p(x), whatever a β-VAE weighs", async () => {
    const x = images();
    const average = (list: readonly number[]) => list.reduce((a, b) => a + b) / list.length;
    using model = new BetaVAE(gpu, { ...small, beta: 30 });
    const exact = average(await values(model.logProb(x, { samples: 500, seed: 1 })));
    const draws = Array.from({ length: 10 }, (_, seed) => model.elbo(x, { seed }).elbo);
    await gpu.evaluate(draws);
    const gap = exact - average((await Promise.all(draws.map(values))).flat());
    expect(gap).toBeGreaterThan(-0.1);
    // beta 30 would be worse by 29 times the divergence
    expect(gap).toBeLessThan(2);
  });
});

it("terms that depend on the size of the training set ask for it", async () => {
  using model = new BetaTCVAE(gpu, small);
  const error = await failure(() => model.terms(images()));
  expect([error.code, error.message]).toEqual([
    "argument",
    "BetaTCVAE.terms: expected count, the number of samples in the training set; got none.",
  ]);
  expect(Number.isFinite(await model.terms(images(), { count: 50 }).loss.item())).toBe(true);
  using vae = new VAE(gpu, small);
  expect(Number.isFinite(await vae.terms(images()).loss.item())).toBe(true);
});

describe("a fitted prior", () => {
  const fitted = {
    Gaussian: () => Gaussian.from(gpu, { mean: [0.5, -1], covariance: [2, 0.3, 0.3, 0.5] }),
    "low-rank": () => Gaussian.fit(random.normal(gpu, [20, 2], { seed: 2 }), { covariance: "low-rank", rank: 1 }),
    mixture: () =>
      GaussianMixture.from(gpu, {
        covariance: "diag",
        weights: [0.25, 0.75],
        means: [
          [0, 1],
          [2, -3],
        ],
        covariances: [
          [1, 2],
          [0.5, 0.25],
        ],
      }),
  };
  it.each(Object.keys(fitted) as (keyof typeof fitted)[])(
    "%s goes with the model's file, and comes back",
    async (kind) => {
      const prior = await fitted[kind]();
      using vae = new VAE(gpu, small);
      using first = vae.withPrior(prior);
      using second = new VAE(gpu, { ...small, prior });
      for (const model of [first, second]) {
        const bytes = await model.save();
        const before = gpu.memory().bytes;
        ((await load(gpu, bytes)) as LatentModel).dispose();
        expect(gpu.memory().bytes).toBe(before);
        using again = (await load(gpu, bytes)) as LatentModel;
        expect(await values(again.sample(3, { seed: 2 }))).toEqual(await values(model.sample(3, { seed: 2 })));
        expect(contents(await again.save())).toEqual(contents(bytes));
        expect((await failure(() => VAE.load(gpu, bytes))).message).toBe(
          "VAE.load: the file holds a prior. Use await load(gpu, bytes), or give it again, { prior: … }; got none.",
        );
        using given = VAE.load(gpu, bytes, { prior });
        expect(contents(await given.save())).toEqual(contents(bytes));
      }
      prior.dispose();
    },
  );

  it("of a model whose codes have a prior of their own is for sampling alone", async () => {
    const prior = await Gaussian.from(gpu, { mean: [0, 0, 0, 1, 1], covariance: [1] });
    const options = { image: [1, 2, 3], hidden: 4, latent: [3, 2] } as const;
    const before = gpu.memory().bytes;
    expect((await failure(() => new family.HVAE(gpu, { ...options, prior }))).message).toBe(
      "HVAE: its codes have a prior of their own. Expected no other prior here; withPrior takes one to sample from.",
    );
    expect(gpu.memory().bytes).toBe(before);
    using model = new family.HVAE(gpu, options);
    using later = model.withPrior(prior);
    const again = (await load(gpu, await later.save())) as LatentModel;
    expect(await values(again.sample(2))).toEqual(await values(later.sample(2)));
    again.dispose();
    prior.dispose();
  });

  it("of other codes, or none at all, is refused", async () => {
    const prior = await Gaussian.from(gpu, { mean: [0, 0, 0], covariance: [1] });
    const before = gpu.memory().bytes;
    expect((await failure(() => new VAE(gpu, { ...small, prior }))).message).toBe(
      "VAE: expected a distribution of codes [2]; got [3].",
    );
    expect((await failure(() => new VAE(gpu, { ...small, prior: {} as never }))).code).toBe("argument");
    expect(gpu.memory().bytes).toBe(before);
    prior.dispose();
  });

  it("shares the lock with the model whose parameters it shares", async () => {
    using vae = new VAE(gpu, small);
    const prior = await fitted.Gaussian();
    using later = vae.withPrior(prior);
    const data = blobs(2).subarray(0, 60);
    const running = vae.fit(data, { epochs: 1, batch: 5 });
    expect((await failure(() => later.fit(data, { epochs: 1 }))).code).toBe("busy");
    await running;
    await later.fit(data, { epochs: 1, batch: 5 });
    prior.dispose();
  });
});

it("a Gaussian and a mixture come back by load, as models do", async () => {
  using gaussian = await Gaussian.from(gpu, { mean: [0.5, -1], covariance: [2, 0.3, 0.3, 0.5] });
  using again = (await load(gpu, await gaussian.save())) as Gaussian;
  expect(again).toBeInstanceOf(Gaussian);
  expect(await values(again.sample(2))).toEqual(await values(gaussian.sample(2)));
});
