import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  BatchNorm,
  branches,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Embedding,
  grad,
  GroupNorm,
  type Gpu,
  type Layer,
  LayerNorm,
  Linear,
  mul,
  residual,
  sum,
  type Tensor,
  Upsample,
} from "../src/index.ts";
import { openShared } from "./helpers.ts";

// Every layer against PyTorch's float64, forward and gradients, in training and in evaluation: oracles/layers.py says how.

interface Mode {
  readonly shape: readonly number[];
  readonly y: readonly number[];
  readonly gradients: { readonly [name: string]: readonly number[] };
  readonly buffers?: { readonly [name: string]: readonly number[] };
}
type Expected = { readonly x: readonly number[]; readonly training?: Mode; readonly evaluation: Mode };
const { layers: expected } = JSON.parse(readFileSync(new URL("oracles/layers.json", import.meta.url), "utf8")) as {
  readonly layers: { readonly [name: string]: Expected };
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const made: { readonly [name: string]: () => Layer } = {
  Linear: () => new Linear(gpu, 3, 4),
  "Linear without bias": () => new Linear(gpu, 3, 4, { bias: false }),
  Conv2d: () => new Conv2d(gpu, 2, 4, { stride: 2, padding: 1, groups: 2 }),
  "Conv2d same": () => new Conv2d(gpu, 2, 3, { kernel: [3, 5], padding: "same", dilation: [1, 2] }),
  ConvTranspose2d: () => new ConvTranspose2d(gpu, 2, 4, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
  "BatchNorm of rows": () => new BatchNorm(gpu, 3),
  "BatchNorm of images": () => new BatchNorm(gpu, 3, { epsilon: 1e-3, momentum: 0.2 }),
  LayerNorm: () => new LayerNorm(gpu, [3, 4], { epsilon: 1e-4 }),
  GroupNorm: () => new GroupNorm(gpu, 2, 4),
  Embedding: () => new Embedding(gpu, 4, 3),
  Upsample: () => new Upsample({ scale: 2, mode: "nearest" }),
  Dropout: () => new Dropout({ p: 0.3 }),
  residual: () =>
    residual({
      conv1: new Conv2d(gpu, 2, 2, { padding: 1 }),
      norm: new BatchNorm(gpu, 2),
      conv2: new Conv2d(gpu, 2, 2, { kernel: 1 }),
    }),
  branches: () =>
    branches({ small: new Conv2d(gpu, 2, 3, { kernel: 1 }), large: new Conv2d(gpu, 2, 1, { padding: 1 }) }),
};

const wave = (size: number, k: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(0.7 * i + k));

/** A layer whose states hold the oracle's numbers, its input, and cos(i) of the shape of its output. */
function prepared(name: string): { layer: Layer; x: Tensor; weights: Tensor } {
  const layer = made[name]!();
  const states = Object.entries({ ...layer.parameters, ...layer.buffers }).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [k, [state, tensor]] of states.entries()) {
    const values = wave(tensor.size, k + 1);
    tensor.write(state.endsWith("running_var") ? values.map((v) => 1 + v * v) : values);
  }
  const { x: shape } = expected[name]!;
  const size = shape.reduce((a, b) => a * b, 1);
  const x = name === "Embedding" ? gpu.tensor(Uint32Array.of(0, 3, 1, 3, 2)) : gpu.tensor(wave(size, 0), shape);
  const { shape: output } = expected[name]!.evaluation;
  const count = output.reduce((a, b) => a * b, 1);
  const weights = gpu.tensor(
    Float32Array.from({ length: count }, (_, i) => Math.cos(i)),
    output,
  );
  return { layer, x, weights };
}

/** y and the gradients of Σ y_i cos(i), by name. */
function recorded(name: string, { layer, x, weights }: ReturnType<typeof prepared>, training: boolean) {
  const y = layer.forward(x, { training, step: 0 });
  const targets = { ...layer.parameters, ...(name === "Embedding" ? {} : { x }) };
  const slopes = grad(sum(mul(y, weights)), Object.values(targets));
  return { y, ...Object.fromEntries(Object.keys(targets).map((target, i) => [`d ${target}`, slopes[i]!])) };
}

const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];

/** What differs by more than rounding of float32 of numbers of this size. */
async function faultsOf(
  name: string,
  found: { readonly [part: string]: Tensor },
  { y, gradients, buffers = {} }: Mode,
) {
  const wanted = {
    y,
    ...Object.fromEntries(Object.entries(gradients).map(([part, list]) => [`d ${part}`, list])),
    ...buffers,
  };
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  const faults: string[] = [];
  for (const [part, list] of Object.entries<readonly number[]>(wanted)) {
    const scale = Math.max(1, ...list.map(Math.abs));
    const error = Math.max(...(await values(found[part]!)).map((v, i) => Math.abs(v - list[i]!)));
    if (!(error <= 1e-5 * scale)) faults.push(`${name} ${part} is off by ${error} of ${scale}`);
  }
  return faults;
}

it("layers equal PyTorch's in evaluation, forward and gradients", async () => {
  expect(Object.keys(made).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { evaluation }] of Object.entries(expected)) {
    const own = prepared(name);
    const parts = recorded(name, own, false);
    await gpu.evaluate(Object.values(parts));
    expect(await faultsOf(name, { ...parts, ...own.layer.buffers }, evaluation)).toEqual([]);
  }
});

it("layers equal PyTorch's in training: running statistics move as well", async () => {
  const trained = Object.entries(expected).filter(([, { training }]) => training);
  for (const [name, { training }] of trained) {
    const own = prepared(name);
    const step = await gpu.compile(() => recorded(name, own, true));
    const parts = await step.run();
    expect(await faultsOf(name, { ...parts, ...own.layer.buffers }, training!)).toEqual([]);
    step.dispose();
  }
});

it("Dropout in training divides what it keeps by 1 − p, and gradients go the same way", async () => {
  const own = prepared("Dropout");
  const { x } = own;
  const { y, "d x": dx } = recorded("Dropout", own, true) as { y: Tensor; "d x": Tensor };
  await gpu.evaluate([y, dx]);
  const [input, output, slope] = [await values(x), await values(y), await values(dx)];
  const dropped = output.filter((v, i) => v === 0 && input[i] !== 0).length;
  expect(dropped).toBeGreaterThan(0);
  expect(dropped).toBeLessThan(20);
  for (const [i, v] of output.entries()) {
    if (i === 0) continue; // sin 0 says nothing
    const scale = v === 0 ? 0 : 1 / 0.7;
    expect(v).toBeCloseTo(input[i]! * scale, 5);
    expect(slope[i]).toBeCloseTo(Math.cos(i) * scale, 5);
  }
});
