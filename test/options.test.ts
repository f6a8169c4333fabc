import { afterAll, beforeAll, expect, it } from "vitest";
import * as latentgpu from "../src/index.ts";
import * as family from "../src/models/family/index.ts";
import { type Gpu, LatentError } from "../src/index.ts";
import {
  above,
  anything,
  atLeast,
  flag,
  inside,
  listOf,
  numbers,
  oneOf,
  type Option,
  optional,
  readOptions,
  whole,
  widths,
} from "../src/formats/options.ts";
import { decodePng, encodePng, parseNpz, writeNpz } from "../src/formats.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Options = { readonly [name: string]: unknown };
type Call = readonly [call: (options: Options) => unknown, required?: Options];

/** The names that a call knows, as it says when it refuses another. */
async function knownTo([call, required]: Call): Promise<string[]> {
  try {
    await call({ ...required, nobodyKnowsThis: 1 });
  } catch (error) {
    const names = error instanceof LatentError && /Expected only ([^;]*);/.exec(error.message)?.[1];
    if (names) return names.split(", ");
    throw error;
  }
  throw new Error("an unknown option went through");
}

/** Calls with options, and those that they cannot do without. */
async function callsOn(): Promise<{ readonly [name: string]: Call }> {
  // any options, also wrong ones, are what this is about
  // oxlint-disable-next-line typescript/no-explicit-any
  const m = latentgpu as any;
  const x = gpu.zeros([2, 3]);
  const line = gpu.zeros([1, 2, 8]);
  const image = gpu.zeros([1, 2, 8, 8]);
  const volume = gpu.zeros([1, 1, 4, 4, 4]);
  const gaussian = await m.Gaussian.from(gpu, { mean: [0, 1], covariance: [1, 2] });
  const mixture = await m.GaussianMixture.from(gpu, {
    weights: [1],
    means: [[0, 1]],
    covariances: [1, 2],
    covariance: "diag",
  });
  const conditional = gaussian.conditional({ observed: [0], values: [1] });
  const vae = new m.VAE(gpu, { image: [1, 1, 2], hidden: 2, latent: 2 });
  const pixels = gpu.zeros([2, 2]);
  const png = encodePng({ width: 2, height: 2, channels: 1, pixels: new Uint8Array(4) });
  const npz = writeNpz({ a: { values: Float32Array.of(1), shape: [1] } } as never);
  const states = () => [gpu.state([1])];
  const models = Object.entries(family).map(([name, Model]): [string, Call] => {
    const sizes = name === "HVAE" ? { latent: [2, 2] } : name === "LVAE" ? { latent: [2, 2], hidden: [4, 4] } : {};
    const odd = name === "MSSIMVAE" ? { image: [1, 32, 32] } : {};
    // oxlint-disable-next-line typescript/no-explicit-any
    return [name, [(o) => new (Model as any)(gpu, o).dispose(), { image: [1, 4, 4], hidden: 4, ...sizes, ...odd }]];
  });
  return {
    "Gaussian.sample": [(o) => gaussian.sample(1, o)],
    "GaussianMixture.sample": [(o) => mixture.sample(1, o)],
    "Conditional.sample": [(o) => conditional.sample(o)],
    "Gaussian.fit": [
      (o) =>
        m.Gaussian.fit(
          gpu.tensor([
            [0, 1],
            [1, 3],
            [2, 0],
          ]),
          o,
        ),
    ],
    "Gaussian.score": [(o) => gaussian.score(gpu.zeros([1, 2]), o)],
    ...Object.fromEntries(models),
    "VAE.encode": [(o) => vae.encode(pixels, o)],
    "VAE.decode": [(o) => vae.decode(pixels, o)],
    "VAE.reconstruct": [(o) => vae.reconstruct(pixels, o)],
    "VAE.sample": [(o) => vae.sample(1, o)],
    "VAE.elbo": [(o) => vae.elbo(pixels, o)],
    "VAE.logProb": [(o) => vae.logProb(pixels, o)],
    "VAE.terms": [(o) => vae.terms(pixels, o)],
    Linear: [(o) => new m.Linear(gpu, 2, 3, o)],
    Conv2d: [(o) => new m.Conv2d(gpu, 2, 4, o)],
    ConvTranspose2d: [(o) => new m.ConvTranspose2d(gpu, 2, 4, o)],
    Embedding: [(o) => new m.Embedding(gpu, 2, 4, o)],
    BatchNorm: [(o) => new m.BatchNorm(gpu, 2, o)],
    LayerNorm: [(o) => new m.LayerNorm(gpu, [2], o)],
    GroupNorm: [(o) => new m.GroupNorm(gpu, 2, 4, o)],
    Dropout: [(o) => new m.Dropout(o)],
    adam: [(o) => m.adam(gpu, states(), o)],
    adamW: [(o) => m.adamW(gpu, states(), o)],
    sgd: [(o) => m.sgd(gpu, states(), o)],
    "a group of adam": [(o) => m.adam(gpu, [{ parameters: states(), ...o }])],
    "random.normal": [(o) => m.random.normal(gpu, [2], o), { seed: 1 }],
    "random.uniform": [(o) => m.random.uniform(gpu, [2], o), { seed: 1 }],
    conv1d: [(o) => m.conv1d(line, gpu.zeros([2, 2, 3]), o)],
    conv2d: [(o) => m.conv2d(image, gpu.zeros([2, 2, 3, 3]), o)],
    conv3d: [(o) => m.conv3d(volume, gpu.zeros([1, 1, 3, 3, 3]), o)],
    convTranspose1d: [(o) => m.convTranspose1d(line, gpu.zeros([2, 2, 3]), o)],
    convTranspose2d: [(o) => m.convTranspose2d(image, gpu.zeros([2, 2, 3, 3]), o)],
    maxPool1d: [(o) => m.maxPool1d(line, 2, o)],
    avgPool1d: [(o) => m.avgPool1d(line, 2, o)],
    maxPool2d: [(o) => m.maxPool2d(image, 2, o)],
    avgPool2d: [(o) => m.avgPool2d(image, 2, o)],
    adaptiveMaxPool2d: [(o) => m.adaptiveMaxPool2d(image, 2, o)],
    maxPool3d: [(o) => m.maxPool3d(volume, 2, o)],
    resize: [(o) => m.resize(image, [4, 4], o)],
    pad: [
      (o) =>
        m.pad(
          x,
          [
            [0, 0],
            [1, 1],
          ],
          o,
        ),
    ],
    batchNorm: [(o) => m.batchNorm(image, o)],
    layerNorm: [(o) => m.layerNorm(x, o), { shape: [3] }],
    groupNorm: [(o) => m.groupNorm(image, o), { groups: 2 }],
    instanceNorm: [(o) => m.instanceNorm(image, o)],
    rmsNorm: [(o) => m.rmsNorm(x, o), { shape: [3] }],
    crossEntropy: [(o) => m.crossEntropy(x, gpu.tensor(Uint32Array.of(0, 1)), o)],
    sum: [(o) => m.sum(x, 0, o)],
    variance: [(o) => m.variance(x, 0, o)],
    argmax: [(o) => m.argmax(x, 0, o)],
    logsumexp: [(o) => m.logsumexp(x, 1, o)],
    cumsum: [(o) => m.cumsum(x, 1, o)],
    sort: [(o) => m.sort(x, o)],
    topK: [(o) => m.topK(x, 1, o)],
    gather: [(o) => m.gather(x, gpu.tensor(Uint32Array.of(0)), o)],
    gelu: [(o) => m.gelu(x, o)],
    oneHot: [(o) => m.oneHot(gpu.tensor(Uint32Array.of(0)), 2, o)],
    "linalg.covariance": [(o) => m.linalg.covariance(x, o)],
    "linalg.solveTriangular": [(o) => m.linalg.solveTriangular(gpu.ones([1, 1]), gpu.ones([1, 1]), o)],
    "Dataset.from": [(o) => m.Dataset.from(gpu, new Uint8Array(4), [2, 2], o)],
    "gpu.full": [(o) => (gpu as never as { full(...all: unknown[]): unknown }).full([2], 1, o)],
    decodePng: [(o) => decodePng(png as never, o as never)],
    parseNpz: [(o) => parseNpz(npz, o as never)],
  };
}

it("an option that is undefined is absent, in every call with options", async () => {
  const faults: string[] = [];
  for (const [name, call] of Object.entries(await callsOn()))
    try {
      const names = await knownTo(call);
      await call[0]({ ...Object.fromEntries(names.map((known) => [known, undefined])), ...call[1] });
    } catch (error) {
      faults.push(`${name}: ${String(error)}`);
    }
  expect(faults).toEqual([]);
});

const kinds = {
  least: atLeast(0, 1),
  above: above(0, 1),
  inside: inside(0, 1, 0.5),
  whole: whole(1, 3),
  word: oneOf("a", "b"),
  flag: flag(false),
  list: listOf([1, 2]),
  widths: widths([3]),
  free: optional(whole(1)),
  numbers: numbers<number[]>(),
  anything: anything(),
};
// of the others undefined
const standards = { least: 1, above: 1, inside: 0.5, whole: 3, word: "a", flag: false, list: [1, 2], widths: [3] };

it("a table gives its defaults, and what was given in their place", () => {
  expect(readOptions("here", kinds, {})).toEqual(standards);
  expect(readOptions("here", kinds, { whole: undefined })).toEqual(standards);
  const given = {
    least: 0,
    inside: 0.1,
    word: "b",
    flag: true,
    list: [0.5],
    free: 7,
    numbers: [[1], [2]],
    anything: gpu,
  };
  expect(readOptions("here", kinds, given)).toEqual({ ...standards, ...given });
});

it("an option says what it expected and what came", () => {
  const wrong: readonly [Option<unknown>, value: unknown, says: string][] = [
    [kinds.least, "1", 'as a number ≥ 0; got "1"'],
    [kinds.least, null, "as a number ≥ 0; got null"],
    [kinds.least, gpu.zeros([2]), "as a number ≥ 0; got Tensor f32 [2]"],
    [kinds.above, 0, "as a number > 0; got 0"],
    [kinds.above, Number.POSITIVE_INFINITY, "as a number > 0; got Infinity"],
    [kinds.inside, 1, "as a number in (0, 1); got 1"],
    [kinds.whole, 0.5, "as a whole number ≥ 1; got 0.5"],
    [kinds.word, "c", '"a" or "b"; got "c"'],
    [kinds.flag, 0, "true or false; got 0"],
    [kinds.list, [1, "2", []], 'as a list of numbers > 0; got [1, "2", an array]'],
    [kinds.widths, new Array(9).fill(0.5), `as a list of whole numbers > 0; got [${"0.5, ".repeat(8)}…]`],
    [kinds.free, 0, "as a whole number ≥ 1; got 0"],
    [kinds.numbers, 5, "as an array of numbers; got 5"],
    [whole(1), undefined, "as a whole number ≥ 1; got undefined"],
  ];
  for (const [option, value, says] of wrong)
    expect(() => option.read("here", "it", value)).toThrow(new LatentError("argument", `here: expected it ${says}.`));
});
