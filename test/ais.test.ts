import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ais, AutoEncoder, CategoricalVAE, ConditionalVAE, type Gpu, type Tensor, VAE } from "../src/index.ts";
import { annealingSchedule } from "../src/models/latent/ais.ts";
import { failure, openShared } from "./helpers.ts";

// p(x) = N(0, W·Wᵀ + ¼ I), so log p(x) is known; q(z|x) has the posterior's own mean and diagonal
const { options: given, expected } = (
  JSON.parse(readFileSync(new URL("oracles/measures.json", import.meta.url), "utf8")) as {
    cases: { id: string; options: { W: number[][]; variance: number; x: number[] }; expected: never }[];
  }
).cases.find(({ id }) => id === "ais-01") as unknown as {
  options: { W: number[][]; variance: number; x: number[] };
  expected: { schedule5: number[]; logProb: number };
};
const N = 8;
let gpu: Gpu;
let vae: VAE;
let x: Tensor;
beforeAll(async () => {
  gpu = await openShared();
  const variance = given.variance;
  vae = new VAE(gpu, { image: [1, 1, 3], hidden: [], latent: 2, likelihood: "gaussian", variance });
  const values: { readonly [name: string]: readonly number[] } = {
    "mean.weight": [0, 0, 0, 0, 0, 0],
    "mean.bias": [0.49767442, -0.56046512],
    "log_var.weight": [0, 0, 0, 0, 0, 0],
    "log_var.bias": [0.11627907, 0.10465116].map(Math.log),
    "output.weight": given.W.flat(),
    "output.bias": [0, 0, 0],
  };
  for (const [name, numbers] of Object.entries(values)) vae.parameters[name]!.write(Float32Array.from(numbers));
  x = gpu.tensor(Array<number[]>(N).fill(given.x));
});
afterAll(() => {
  vae.dispose();
  gpu.dispose();
});

const average = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

it("the schedule is that of Wu et al.", () => {
  for (const [t, beta] of annealingSchedule(5).entries()) expect(beta).toBeCloseTo(expected.schedule5[t]!, 10);
});

it.each(["prior", "posterior"] as const)(
  "log p of a linear decoder, from the %s, within three standard errors",
  async (start) => {
    const before = gpu.memory().bytes;
    const found = await ais(vae, x, { chains: 16, temperatures: 200, start, seed: 1 });
    const error = Math.sqrt(found.deviations.reduce((all, d) => all + d * d, 0)) / N;
    expect(Math.abs(found.value - expected.logProb)).toBeLessThan(3 * error);
    expect(error).toBeLessThan(start === "prior" ? 0.12 : 0.005);
    expect(found.value).toBe(average(found.logProb));
    expect(found).toMatchObject({ chains: 16, temperatures: 200, leapfrogs: 10, start, seed: 1, n: { x: N } });
    expect(String(found)).toMatch(/chains 16, temperatures 200/);
    expect(gpu.memory().bytes).toBe(before);
  },
);

it("ELBO ≤ IWAE-5 ≤ IWAE-50 ≤ log p, which annealing from q reaches", async () => {
  const many = gpu.tensor(Array<number[]>(2000).fill(given.x));
  const bounds: number[] = [];
  for (const samples of [1, 5, 50]) bounds.push(average(await vae.logProb(many, { samples, seed: 2 }).read()));
  many.dispose();
  const { logProb } = await vae.ais(x, { chains: 8, temperatures: 100, start: "posterior", seed: 2 });
  expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
  // the bound of 50 draws has a standard error of 0.001 here
  expect(bounds[2]!).toBeLessThan(expected.logProb + 0.004);
  expect(Math.abs(average(logProb) - expected.logProb)).toBeLessThan(Math.abs(bounds[0]! - expected.logProb) / 2);
});

it("one seed gives the same bits, another seed others, and classes go with their images", async () => {
  const options = { chains: 3, temperatures: 6, leapfrogs: 2 };
  const of = async (seed: number) => [...(await vae.ais(x, { ...options, seed })).logProb];
  const first = await of(1);
  expect(await of(1)).toEqual(first);
  expect(await of(2)).not.toEqual(first);
  using labelled = new ConditionalVAE(gpu, {
    image: [1, 1, 3],
    hidden: 4,
    latent: 2,
    classes: 2,
    likelihood: "gaussian",
  });
  const { logProb } = await labelled.ais(x, { ...options, labels: Array.from({ length: N }, (_, i) => i % 2) });
  expect(logProb.every(Number.isFinite)).toBe(true);
});

it("refuses what it cannot do, and an abort ends it and frees all", async () => {
  using points = new AutoEncoder(gpu, { image: [1, 1, 3], hidden: 4, latent: 2 });
  using classes = new CategoricalVAE(gpu, { image: [1, 1, 3], hidden: 4, latent: 200 });
  const before = gpu.memory().bytes;
  expect((await failure(() => points.ais(x))).message).toMatch(
    /AutoEncoder.ais: expected a model whose codes are drawn as normal numbers/,
  );
  expect((await failure(() => classes.ais(x))).message).toMatch(
    /CategoricalVAE.ais: expected a model whose codes are drawn as normal numbers/,
  );
  expect((await failure(() => vae.ais(x, { temperatures: 1 }))).message).toMatch(
    /temperatures as a whole number ≥ 2; got 1/,
  );
  expect((await failure(() => vae.ais(x, { steps: 1 } as object))).message).toMatch(/unknown option/);
  expect((await failure(() => ais(x as never, x))).message).toMatch(/a model with a decoder first/);
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error("enough"));
  await expect(vae.ais(x, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
  await gpu.idle();
  expect(gpu.memory().bytes).toBe(before);
});
