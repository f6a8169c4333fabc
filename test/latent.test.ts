import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BetaTCVAE,
  type CategoricalVAE,
  type Gpu,
  GaussianMixture,
  grad,
  type HVAE,
  random,
  type Tensor,
  VAE,
  type VQVAE,
} from "../src/index.ts";
import { logImportance } from "../src/models/latent/correlation.ts";
import * as family from "../src/models/family/index.ts";
import type { LatentModel } from "../src/models/latent/model.ts";
import { failure, openShared } from "./helpers.ts";
import { caseOf, functions, near, tensorOf, valuesOf } from "./oracles/family.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type AnyModel = (new (gpu: Gpu, options: object) => LatentModel) & { load(gpu: Gpu, bytes: Uint8Array): LatentModel };
const models = family as unknown as { readonly [name: string]: AnyModel };

const average = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** The network of a case of the oracle, and its images. */
function networkOf(id: string): { model: LatentModel; x: Tensor } {
  const { model, image, hidden, latent, options, parameters, buffers = {}, input } = caseOf(id);
  const made = new models[model]!(gpu, { image, hidden, latent, ...options });
  for (const [name, values] of Object.entries(parameters)) made.parameters[name]!.write(valuesOf(values));
  for (const [name, values] of Object.entries(buffers)) made.buffers[name]!.write(valuesOf(values));
  return { model: made, x: tensorOf(gpu, input.x) };
}

describe("the parts of the divergence", () => {
  it("add up to the sampled divergence, whatever the weights", async () => {
    for (const estimator of ["stratified", "weighted"] as const) {
      using model = new BetaTCVAE(gpu, {
        image: [1, 2, 3],
        hidden: 5,
        latent: 3,
        estimator,
        alpha: 1,
        beta: 1,
        gamma: 1,
      });
      const x = random.uniform(gpu, [7, 6], { seed: 3 });
      const z = random.normal(gpu, [7, 3], { seed: 4 });
      const { mutualInformation, totalCorrelation, dimensionWiseKl } = model.terms(x, { noise: z, count: 50 });
      const { mean, logVar } = model.encode(x);
      const code = mean.add(logVar.mul(0.5).exp().mul(z));
      const ratio = model.encode(x).logProb(code).sub(model.built.parts.prior.logProb(code));
      const parts = [mutualInformation, totalCorrelation, dimensionWiseKl].map((t) => t!.item());
      const total = (await Promise.all(parts)).reduce((a, b) => a + b);
      expect(Math.abs(total - average(await ratio.read()))).toBeLessThan(1e-5 * Math.max(1, Math.abs(total)));
    }
  });

  it("vanish where all posteriors are one, and weighted ones are then log N apart", async () => {
    for (const [estimator, mi, tc] of [
      ["stratified", 0, 0],
      ["weighted", Math.log(50), 2 * Math.log(50)],
    ] as const) {
      using model = new BetaTCVAE(gpu, { image: [1, 1, 2], hidden: [], latent: 3, estimator });
      model.parameters["mean.weight"]!.write(new Float32Array(6));
      model.parameters["log_var.weight"]!.write(new Float32Array(6));
      const terms = model.terms(random.uniform(gpu, [5, 2], { seed: 1 }), { seed: 2, count: 50 });
      expect(await terms.mutualInformation!.item()).toBeCloseTo(mi, 5);
      expect(await terms.totalCorrelation!.item()).toBeCloseTo(tc, 4);
    }
  });

  it("have the weights of the paper: 1/N on the diagonal, one stratified entry, 1/M elsewhere", () => {
    const { batch, count, rows } = functions.stratifiedWeights as unknown as {
      batch: number;
      count: number;
      rows: number[][];
    };
    near(Array.from(logImportance(batch, count, "stratified"), Math.exp), rows.flat());
    for (const [b, n] of [
      [3, 10],
      [4, 4],
      [2, 60_000],
    ] as const) {
      const weights = Array.from(logImportance(b, n, "stratified"), Math.exp);
      for (let i = 0; i < b; i++) expect(average(weights.slice(i * b, i * b + b)) * b).toBeCloseTo(1, 5);
    }
  });
});

describe("bounds", () => {
  it("of discrete codes lie below log p(x), and many samples reach it", async () => {
    const { exactLogProb, exactElbo } = caseOf("categorical").extra as { [name: string]: readonly number[] };
    const { model, x } = networkOf("categorical");
    using owned = model as CategoricalVAE;
    near(await owned.logProb(x, { samples: 20_000, seed: 1 }).read(), exactLogProb!, 0.01);
    const elbos = await Promise.all(
      Array.from({ length: 400 }, (_, seed) => owned.elbo(x, { seed }).elbo.read() as Promise<Float32Array>),
    );
    for (const i of exactElbo!.keys())
      expect(Math.abs(average(elbos.map((e) => e[i]!)) - exactElbo![i]!)).toBeLessThan(0.15);
  });

  it("of a codebook are those of a uniform prior over its entries before a fit", async () => {
    for (const id of ["vq-gradient", "vq-ema"]) {
      const { boundOnLogProb, indices } = caseOf(id).extra as { [name: string]: readonly number[] };
      const { model, x } = networkOf(id);
      using owned = model as VQVAE;
      near(await owned.elbo(x).elbo.read(), boundOnLogProb!);
      near(await owned.logProb(x, { samples: 2 }).read(), boundOnLogProb!);
      const found = await (owned.encode(x) as unknown as { indices: Tensor }).indices.read();
      expect([...found]).toEqual(indices!.flat());
    }
  });

  it("of two levels rise with the number of samples", async () => {
    const { model, x } = networkOf("hvae");
    using owned = model as HVAE;
    const means: number[] = [];
    for (const samples of [1, 20, 400]) means.push(average(await owned.logProb(x, { samples, seed: 3 }).read()));
    expect(means[1]).toBeGreaterThan(means[0]! - 0.1);
    expect(means[2]).toBeGreaterThan(means[1]! - 0.05);
    const { elbo, kl, reconstruction } = owned.elbo(x, { seed: 1 });
    near(await elbo.read(), [...(await reconstruction.sub(kl).read())]);
  });

  it("hold for codes of a mixture that was fitted afterwards", async () => {
    const { input, buffers, terms, extra, parameters, image, hidden, latent } = caseOf("ex-post-mixture");
    using vae = new VAE(gpu, { image, hidden, latent: latent as number });
    for (const [name, values] of Object.entries(parameters)) vae.parameters[name]!.write(valuesOf(values));
    const of = (name: string) => Array.from(valuesOf(buffers![`prior.${name}`]!));
    const mixture = await GaussianMixture.from(gpu, {
      weights: of("weights"),
      means: of("means"),
      covariances: of("covariances"),
    });
    using later = vae.withPrior(mixture);
    const x = tensorOf(gpu, input.x);
    const noise = { z: tensorOf(gpu, input.noise!.z!) };
    const { reconstruction, kl, elbo } = later.elbo(x, { noise });
    near(
      [average(await reconstruction.read()), average(await kl.read()), average(await elbo.read())],
      [terms.reconstruction!, terms.kl!, terms.elbo!],
    );
    near(await elbo.read(), (extra as { [name: string]: readonly number[] }).elboPerImage!);
    expect((await later.sample(5).read()).every(Number.isFinite)).toBe(true);
    // its parameters are the other's
    later.dispose();
    expect((await vae.sample(2).read()).every(Number.isFinite)).toBe(true);
  });

  it("are refused where codes are points", async () => {
    using model = new family.WAE(gpu, { image: [1, 2, 3], hidden: 4, latent: 2 });
    const error = await failure(() => model.elbo(gpu.zeros([1, 6])));
    expect([error.code, error.message]).toEqual([
      "unsupported",
      "WAE.elbo: codes of this model are points, so log p(x) has no bound here.",
    ]);
  });
});

const odd: { readonly [name: string]: object } = {
  MSSIMVAE: { window: 3, scales: 1 },
  HVAE: { latent: [3, 2] },
  LVAE: { latent: [3, 2], hidden: [6, 5] },
  VQVAE: { positions: 2, dimension: 2, codes: 4, ema: true, latent: 4 },
  CategoricalVAE: { variables: 2, classes: 3, latent: 6 },
};

describe("every model of the family", () => {
  it.each(["conv", "residual"])("with layers of kind %s takes images of odd sizes", async (encoder) => {
    using vae = new VAE(gpu, { image: [2, 5, 7], encoder: encoder as "conv", hidden: [3, 4], latent: 2 });
    const x = random.uniform(gpu, [3, 2, 5, 7], { seed: 1 });
    const { loss } = vae.terms(x);
    const slopes = grad(loss, Object.values(vae.parameters));
    expect(Number.isFinite(await loss.item())).toBe(true);
    for (const slope of slopes) expect((await slope.read()).some((v) => v !== 0)).toBe(true);
    expect(vae.sample(2).shape).toEqual([2, 2, 5, 7]);
  });
});

describe("options that make no sense", () => {
  const small = { image: [1, 2, 3], hidden: 4, latent: 2 };
  it.each([
    ["BetaVAE", { type: "C" }, 'BetaVAE: expected type "H" or "B"; got "C".'],
    ["BetaVAE", { beta: -1 }, "BetaVAE: expected beta as a number ≥ 0; got -1."],
    ["BetaVAE", { capacitySteps: 0 }, "BetaVAE: expected capacitySteps as a whole number ≥ 1; got 0."],
    ["BetaTCVAE", { estimator: "all" }, 'BetaTCVAE: expected estimator "stratified" or "weighted"; got "all".'],
    [
      "FactorVAE",
      { discriminatorHidden: [] },
      "FactorVAE: expected discriminatorHidden as a list of whole numbers > 0; got [].",
    ],
    ["VQVAE", { decay: 0 }, "VQVAE: expected decay as a number in (0, 1); got 0."],
    ["VQVAE", { latent: 5, positions: 2, dimension: 3 }, "VQVAE: expected latent 6, as the other options say; got 5."],
    ["HVAE", { latent: 2 }, "HVAE: expected latent [2 numbers], whole and > 0; got 2."],
    ["LVAE", { latent: [2, 2], hidden: 4 }, "hidden: expected two hidden widths or more; got [4]."],
    [
      "MSSIMVAE",
      { window: 7 },
      "MSSIMVAE: images [2, 3] have 2 pixels at scale 1. Expected a window of at most that; got 7.",
    ],
    ["IWAE", { samples: 0.5 }, "IWAE: expected samples as a whole number ≥ 1; got 0.5."],
    ["GammaVAE", { priorShape: 0 }, "GammaVAE: expected priorShape as a number > 0; got 0."],
  ] as const)("%s %j", async (name, options, message) => {
    const error = await failure(() => new models[name]!(gpu, { ...small, ...odd[name], ...options }));
    expect([error.code, error.message]).toEqual(["argument", message]);
  });

  it("labels are asked for, and refused where there are no classes", async () => {
    using model = new family.ConditionalVAE(gpu, { ...small, image: [1, 2, 3], classes: 3 });
    using vae = new VAE(gpu, { ...small, image: [1, 2, 3] });
    const x = gpu.zeros([2, 6]);
    expect((await failure(() => model.terms(x))).message).toMatch(
      /expected labels, the class of each image, from 0 to 2/,
    );
    expect((await failure(() => model.terms(x, { labels: [0, 3] }))).message).toMatch(
      /label 1 is 3. Expected labels from 0 to 2, of 3 classes/,
    );
    expect((await failure(() => vae.terms(x, { labels: [0, 1] }))).message).toMatch(/no classes/);
  });
});
