import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSafetensors, type Safetensor, writeSafetensors } from "../src/formats/safetensors.ts";
import { AutoEncoder, Gaussian, GaussianMixture, type Gpu, Moments, VAE } from "../src/index.ts";
import { writeNpz } from "../src/formats/npz.ts";
import { openNodeGpu } from "../src/node.ts";
import { failure } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

const f32 = (shape: number[], ...values: number[]): Safetensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(values),
});
const models = { VAE, AutoEncoder } as const;

// what the options ask for would be gigabytes; the file has three numbers
test.each([
  { hidden: 3e6 },
  { hidden: 1e9 },
  { hidden: [1e9, 1e9, 1e9] },
  { image: [1, 1e9, 1e9] },
  { latent: 2 ** 40 },
  { image: [1, 1024, 1024], encoder: "conv", hidden: [1e6, 1e6] },
  { hidden: Array.from({ length: 50_000 }, () => 100) },
  { hidden: { length: 1e9 } },
  { seed: -1 },
  { latent: "many" },
])("a small file whose options are of a large model is refused before its parameters are made: %o", async (part) => {
  for (const [name, model] of Object.entries(models)) {
    const options = JSON.stringify({ image: [1, 28, 28], ...part });
    const bytes = writeSafetensors([["fc1.bias", f32([3], 1, 2, 3)]], {
      "latentgpu.model": name,
      "latentgpu.options": options,
    });
    const [before, heap] = [gpu.memory(), process.memoryUsage()];
    const error = await failure(() => model.load(gpu, bytes));
    expect(["format", "argument"]).toContain(error.code);
    expect(gpu.memory()).toEqual(before);
    expect(process.memoryUsage().arrayBuffers - heap.arrayBuffers).toBeLessThan(2 ** 22);
  }
});

/** A file with other tensors or metadata. */
function changed(
  bytes: Uint8Array,
  tensors: Record<string, Safetensor | null>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const file = parseSafetensors(bytes);
  const all = new Map(file.tensors);
  for (const [name, tensor] of Object.entries(tensors))
    if (tensor) all.set(name, tensor);
    else all.delete(name);
  return writeSafetensors(all, { ...Object.fromEntries(file.metadata), ...metadata });
}

test("a mixture's file is checked as arguments are", async () => {
  const model = await GaussianMixture.from(gpu, {
    weights: [0.5, 0.5],
    means: [
      [0, 0],
      [1, 1],
    ],
    covariances: [
      [1, 1],
      [2, 2],
    ],
    covariance: "diag",
  });
  const good = await model.save();
  (await GaussianMixture.load(gpu, good)).dispose();
  const before = gpu.memory();
  const i64: Safetensor = { dtype: "I64", shape: [2], data: BigInt64Array.of(1n, 0n) };
  const rows: [Record<string, Safetensor | null>, Record<string, string>, string, RegExp][] = [
    [{ weights: f32([2], 7, 0) }, {}, "argument", /weights are no probabilities.*\[7, 0\]/],
    [{ weights: f32([2], 2, -1) }, {}, "argument", /weights are no probabilities.*\[2, -1\]/],
    [{ weights: i64 }, {}, "format", /"weights" does not fit. Expected F32 \[2\]; got I64/],
    [{ weights: f32([1], 1) }, {}, "format", /"weights" does not fit/],
    [{ weights: null }, {}, "format", /got none/],
    [{ means: f32([2], 0, 0) }, {}, "format", /"means" does not fit/],
    [{ means: null }, {}, "format", /"weights" does not fit|"means" does not fit/],
    [{ covariances: f32([2, 2], 1, 1, -2, 1) }, {}, "numeric", /component 1/],
    [{ covariances: f32([2, 2], 1, 1, Number.NaN, 1) }, {}, "data", /not finite/],
    [{}, { covariance: "banded" }, "format", /expected a covariance of full, tied, .*; got banded/],
    [{}, { covariance: "low-rank" }, "format", /"loadings" does not fit/],
    [{}, { iterations: "many" }, "format", /iterations is no count/],
  ];
  for (const [tensors, metadata, code, message] of rows) {
    const error = await failure(() => GaussianMixture.load(gpu, changed(good, tensors, metadata)));
    expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: .*${message.source}`));
  }
  expect(gpu.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
  model.dispose();
});

test("a Gaussian's file is, too, and so is an auto-encoder's", async () => {
  const model = await Gaussian.from(gpu, {
    mean: [0, 0],
    covariance: [
      [2, 1],
      [1, 2],
    ],
  });
  const good = await model.save();
  const before = gpu.memory();
  const rows: [Record<string, Safetensor | null>, RegExp][] = [
    [{ covariance: f32([2, 2], 2, 1, -1, 2) }, /^data: .*\[1, 0\]/],
    [{ covariance: f32([2, 2], 1, 2, 2, 1), factor: null }, /^numeric: .*pivot 1/],
    [{ factor: f32([2, 2], 2, 0, 1, 2) }, /^format: .*factor does not belong to covariance at \[0, 0\]/],
    [{ factor: f32([2], 2, 0) }, /^format: .*"factor" does not fit/],
    [{ mean: f32([3], 0, 0, 0) }, /^format: .*"covariance" does not fit/],
  ];
  for (const [tensors, message] of rows) {
    const error = await failure(() => Gaussian.load(gpu, changed(good, tensors)));
    expect(`${error.code}: ${error.message}`).toMatch(message);
  }
  // files of earlier versions hold no factor
  (await Gaussian.load(gpu, changed(good, { factor: null }))).dispose();
  expect(gpu.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
  model.dispose();
  const auto = new AutoEncoder(gpu, { image: [1, 2, 2], hidden: 3, latent: 2 });
  const codes = { "codes.mean": f32([2], 0, 0), "codes.factor": f32([2, 2], 1, 0, 0, 1) };
  const file = await auto.save();
  AutoEncoder.load(gpu, changed(file, codes)).dispose();
  for (const part of [
    { "codes.factor": null },
    { "codes.mean": f32([1], 0) },
    { "codes.factor": f32([2, 2], 1, 1, 0, 1) },
    { "codes.factor": f32([2, 2], 1, 0, 0, -1) },
  ])
    expect((await failure(() => AutoEncoder.load(gpu, changed(file, { ...codes, ...part })))).code).toBe("format");
  auto.dispose();
});

test("halves are read, doubles refused by name; moments unpack to what they say and no more", async () => {
  const vae = new VAE(gpu, { image: [1, 2, 2], hidden: 3, latent: 2 });
  const good = await vae.save();
  const half: Safetensor = { dtype: "F16", shape: [3], data: Uint16Array.of(0x3c00, 0, 0xc000) };
  const loaded = VAE.load(gpu, changed(good, { "fc1.bias": half }));
  expect([...(await loaded.parameters["fc1.bias"]!.read())]).toEqual([1, 0, -2]);
  const double: Safetensor = { dtype: "F64", shape: [3], data: new Float64Array(3) };
  expect((await failure(() => VAE.load(gpu, changed(good, { "fc1.bias": double })))).message).toMatch(
    /"fc1.bias" differs. Expected F32 \[3\]; got F64/,
  );
  for (const model of [vae, loaded]) model.dispose();
  const big = { shape: [2 ** 21], values: new Float64Array(2 ** 21) };
  const npz = (arrays: object) =>
    writeNpz(
      {
        mu: { shape: [2], values: new Float64Array(2) },
        sigma: { shape: [2, 2], values: Float64Array.of(1, 0, 0, 1) },
        ...arrays,
      } as never,
      { compressed: true },
    );
  expect(Moments.fromNpz(npz({ other: big }), { count: 5 }).covariance).toEqual(Float64Array.of(1, 0, 0, 1));
  expect((await failure(() => Moments.fromNpz(npz({ sigma: big }), { count: 5 }))).code).toBe("limit");
  expect((await failure(() => Moments.fromNpz(npz({ n: big })))).code).toBe("limit");
  expect((await failure(() => Moments.fromNpz(npz({ n: { shape: [0], values: new Float64Array(0) } })))).code).toBe(
    "format",
  );
});
