import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gpu, random, type Tensor, type Terms } from "../src/index.ts";
import * as family from "../src/models/family/index.ts";
import type { LatentModel } from "../src/models/latent/model.ts";
import { openShared } from "./helpers.ts";

// Where the objectives of two models meet: what one becomes at some weights is the other, with the same numbers in their networks.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Name = keyof typeof family;
const small = { image: [1, 2, 3], hidden: 5, latent: 3 } as const;
const n = 8;
const models = family as unknown as { readonly [name: string]: new (gpu: Gpu, options: object) => LatentModel };
const made = (name: Name, options: object): LatentModel => new models[name]!(gpu, { ...small, ...options });
const x = () => random.uniform(gpu, [n, 6], { seed: 1 });
const z = () => random.normal(gpu, [n, 3], { seed: 2 });
const zeros = () => gpu.zeros([n, 3]);
const number = (terms: Terms, name: string) => terms[name]!.item();
const close = (found: number, expected: number) =>
  expect(Math.abs(found - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));

/** Layers of VAE and AutoEncoder, which have pytorch/examples' names in files, by those of all others. */
const layers: { readonly [name: string]: string } = {
  fc1: "encoder.0",
  fc21: "mean",
  fc22: "log_var",
  fc2: "code",
  fc3: "decoder.0",
  fc4: "output",
};
const general = (name: string) => name.replace(/^fc\d+/, (layer) => layers[layer]!);

/** A model with the numbers of another's layers of the same name (a code's where there is no mean); what only it has stays as it was. */
async function like(other: LatentModel, name: Name, options: object): Promise<LatentModel> {
  const model = made(name, options);
  const given = new Map(Object.entries(other.parameters).map(([layer, state]) => [general(layer), state]));
  let taken = 0;
  for (const [layer, state] of Object.entries(model.parameters)) {
    const from = given.get(general(layer)) ?? given.get(general(layer).replace("mean", "code"));
    if (from?.size !== state.size) continue;
    state.write((await from.read()) as Float32Array<ArrayBuffer>);
    taken++;
  }
  // encoder, head, decoder and output with their biases
  expect(taken).toBeGreaterThanOrEqual(8);
  return model;
}

const vae = "VAE" as const;
/** Each is the loss of the other model at these options. */
const equal: readonly (readonly [what: string, Name, object, Name, object])[] = [
  ["beta 1 is the VAE", "BetaVAE", { beta: 1 }, vae, {}],
  ["capacity 0 is type H with gamma", "BetaVAE", { type: "B", maxCapacity: 0, gamma: 3 }, "BetaVAE", { beta: 3 }],
  ["gamma 0 is the VAE", "FactorVAE", { gamma: 0, discriminatorHidden: [4] }, vae, {}],
  ["weights 0 are the VAE", "DIPVAE", { offDiagonal: 0, diagonal: 0 }, vae, {}],
  ["alpha 0 and lambda 1 are the VAE", "InfoVAE", { alpha: 0, lambda: 1 }, vae, {}],
  ["pixels alone are the VAE", "DFCVAE", { features: [4], perceptualWeight: 0 }, vae, {}],
  ["one group is IWAE", "MIWAE", { groups: 1, samples: 1 }, "IWAE", { samples: 1 }],
  ["a fixed variance is the VAE", "SigmaVAE", { variance: 0.3 }, vae, { likelihood: "gaussian", variance: 0.3 }],
];

test.each(equal)("%s: %s %j, %s %j", async (_, name, options, otherName, otherOptions) => {
  using other = made(otherName, otherOptions);
  using model = await like(other, name, options);
  // noise of the same name is the same for both
  const drawn = { seed: 3 };
  close(await number(model.terms(x(), drawn), "loss"), await number(other.terms(x(), drawn), "loss"));
});

test.each([
  ["WAE", { lambda: 0 }],
  ["SWAE", { lambda: 0 }],
  ["RAE", { latent: 3, embeddingWeight: 0, weight: 0 }],
] as const)("without its penalty %s is the plain auto-encoder", async (name, options) => {
  using plain = made("AutoEncoder", { likelihood: "gaussian", variance: 0.5 });
  using model = await like(plain, name, options);
  const found = model.terms(x());
  close(await number(found, "loss"), await number(plain.terms(x()), "loss"));
});

test("a VAE without noise and without its divergence is the plain auto-encoder", async () => {
  using plain = made("AutoEncoder", {});
  using model = await like(plain, "VAE", { beta: 0 });
  close(await number(model.terms(x(), { noise: zeros() }), "loss"), await number(plain.terms(x()), "loss"));
});

test("one sample of IWAE is −log p(x|z) − log p(z) + log q(z|x)", async () => {
  using other = made("VAE", {});
  using model = await like(other, "IWAE", { samples: 1 });
  const q = other.encode(x()) as unknown as { mean: Tensor; logVar: Tensor; logProb(z: Tensor): Tensor };
  const code = q.mean.add(q.logVar.mul(0.5).exp().mul(z()));
  const { reconstruction } = other.terms(x(), { noise: z() });
  const ratio = q.logProb(code).sub(other.built.parts.prior.logProb(code));
  const expected =
    ((await ratio.read()) as Float32Array).reduce((a, b) => a + b / n, 0) - (await reconstruction!.item());
  close(await number(model.terms(x(), { noise: { z: z().reshape([1, n, 3]) } }), "loss"), expected);
});

test("a discriminator that says nothing costs nothing, and its own loss is log 2", async () => {
  using model = made("FactorVAE", { discriminatorHidden: [4] });
  for (const [name, state] of Object.entries(model.parameters))
    if (name.startsWith("discriminator.")) state.write(new Float32Array(state.size));
  const terms = model.terms(x());
  close(await number(terms, "totalCorrelation"), 0);
  close(await number(terms, "discriminatorLoss"), Math.log(2));
});

test("without gammas JointVAE only reconstructs; equal logits cost CategoricalVAE nothing, and no logits more than V · log C", async () => {
  using joint = made("JointVAE", { variables: 1, classes: 3, gamma: 0, categoricalGamma: 0 });
  const terms = joint.terms(x());
  close(await number(terms, "loss"), -(await number(terms, "reconstruction")));
  using model = made("CategoricalVAE", { variables: 2, classes: 3, latent: 6 });
  const { "logits.weight": weight, "logits.bias": bias } = model.parameters;
  weight!.write(new Float32Array(weight!.size));
  bias!.write(new Float32Array(6).fill(2));
  close(await number(model.terms(x()), "kl"), 0);
  bias!.write(Float32Array.of(50, 0, 0, 0, 50, 0));
  close(await number(model.terms(x()), "kl"), 2 * Math.log(3));
});

test("equal entries leave VQVAE one code: perplexity 1, one picture", async () => {
  using model = made("VQVAE", { positions: 2, dimension: 2, codes: 4, latent: 4 });
  model.parameters["codebook.weight"]!.write(new Float32Array(8).fill(0.5));
  close(await number(model.terms(x()), "perplexity"), 1);
  const pictures = (await model.reconstruct(x()).read()) as Float32Array;
  for (const [at, value] of pictures.entries()) expect(value).toBe(pictures[at % 6]);
});

test("the best variance is the mean squared error, and its likelihood −(D/2)(log 2πσ² + 1)", async () => {
  using model = made("SigmaVAE", {});
  const terms = model.terms(x(), { noise: z() });
  const variance = await number(terms, "variance");
  close(await number(terms, "reconstruction"), -3 * (Math.log(2 * Math.PI * variance) + 1));
  using fixed = await like(model, "SigmaVAE", { variance });
  close(await number(fixed.terms(x(), { noise: z() }), "loss"), await number(terms, "loss"));
});
