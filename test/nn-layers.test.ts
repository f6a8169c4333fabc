import { afterAll, beforeAll, expect, it } from "vitest";
import { relu, type Tensor } from "../src/index.ts";
import { BatchNorm } from "../src/nn/batchNorm.ts";
import { Conv2d, ConvTranspose2d } from "../src/nn/conv2d.ts";
import { Dropout } from "../src/nn/dropout.ts";
import { Embedding } from "../src/nn/embedding.ts";
import { foldBatchNorm } from "../src/nn/foldBatchNorm.ts";
import { branches, residual, sequential } from "../src/nn/layer.ts";
import { Linear, LinearHeads } from "../src/nn/linear.ts";
import { loadInto } from "../src/nn/loadInto.ts";
import { GroupNorm, LayerNorm } from "../src/nn/norms.ts";
import { Upsample } from "../src/nn/upsample.ts";
import { writeSafetensors } from "../src/formats/safetensors.ts";
import { readParameters } from "../src/nn/parameters.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const wave = (n: number, f = 1) => Float32Array.from({ length: n }, (_, i) => Math.sin(1 + i * f * 0.7));
const close = (found: ArrayLike<number>, expected: ArrayLike<number>, limit = 2e-6) => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++)
    expect(Math.abs(found[i]! - expected[i]!)).toBeLessThanOrEqual(limit * (1 + Math.abs(expected[i]!)));
};
const values = async (x: Tensor) => Float64Array.from((await x.read()) as Float32Array);

/** Convolution in float64, as PyTorch defines it. */
function convolved(
  x: Float64Array,
  [n, c, h, w]: number[],
  weight: Float64Array,
  [o, , kh, kw]: number[],
  bias: Float64Array,
  {
    stride: [sh, sw],
    padding: [top, bottom, left, right],
    groups,
  }: { stride: number[]; padding: number[]; groups: number },
): number[] {
  const [oh, ow] = [
    Math.floor((h! + top! + bottom! - kh!) / sh!) + 1,
    Math.floor((w! + left! + right! - kw!) / sw!) + 1,
  ];
  const out: number[] = [];
  for (let b = 0; b < n!; b++)
    for (let f = 0; f < o!; f++)
      for (let y = 0; y < oh; y++)
        for (let z = 0; z < ow; z++) {
          let total = bias[f]!;
          const inGroup = c! / groups;
          const first = Math.floor(f / (o! / groups)) * inGroup;
          for (let k = 0; k < inGroup; k++)
            for (let i = 0; i < kh!; i++)
              for (let j = 0; j < kw!; j++) {
                const [row, column] = [y * sh! + i - top!, z * sw! + j - left!];
                if (row < 0 || row >= h! || column < 0 || column >= w!) continue;
                total +=
                  weight[((f * inGroup + k) * kh! + i) * kw! + j]! *
                  x[((b * c! + first + k) * h! + row) * w! + column]!;
              }
          out.push(total);
        }
  return out;
}

it("convolutions take pairs, groups and padding same, as float64 has them", async () => {
  const shape = [2, 4, 7, 6];
  const x = gpu.tensor(wave(2 * 4 * 7 * 6), shape);
  const cases = [
    { options: { kernel: [3, 2], stride: [2, 1], padding: [1, 0] }, padding: [1, 1, 0, 0], stride: [2, 1], groups: 1 },
    { options: { kernel: 3, padding: "same", groups: 2 }, padding: [1, 1, 1, 1], stride: [1, 1], groups: 2 },
    { options: { kernel: [1, 3], padding: [0, 0, 2, 0], groups: 4 }, padding: [0, 0, 2, 0], stride: [1, 1], groups: 4 },
  ] as const;
  for (const { options, ...how } of cases) {
    const layer = new Conv2d(gpu, 4, 8, { ...options, seed: 3 });
    const [weight, bias] = [await values(layer.weight), await values(layer.bias!)];
    const fanIn = layer.weight.size / 8;
    expect(Math.max(...weight)).toBeLessThan(1 / Math.sqrt(fanIn));
    const expected = convolved(await values(x), shape, weight, [...layer.weight.shape], bias, {
      stride: [...how.stride],
      padding: [...how.padding],
      groups: how.groups,
    });
    close(await values(layer.forward(x)), expected);
  }
  expect((await failure(() => new Conv2d(gpu, 4, 6, { groups: 4 }))).message).toMatch(/groups that divide 4 and 6/);
  expect((await failure(() => new Conv2d(gpu, 4, 6, { kernel: 0 }))).code).toBe("argument");
});

it("blocks add their input, or what a shortcut makes of it, and stand side by side", async () => {
  const x = gpu.tensor(wave(6), [2, 3]);
  const a = new Linear(gpu, 3, 3, { seed: 1 });
  const b = new Linear(gpu, 3, 2, { seed: 2 });
  const block = residual({ a, relu });
  const expected = (await values(relu(a.forward(x)))).map((v, i) => v + wave(6)[i]!);
  close(await values(block.forward(x)), expected);
  expect(Object.keys(block.parameters)).toEqual(["a.weight", "a.bias"]);
  const wide = residual({ b }, { shortcut: b });
  close(
    await values(wide.forward(x)),
    (await values(b.forward(x))).map((v) => 2 * v),
  );
  expect(Object.keys(wide.parameters)).toEqual(["b.weight", "b.bias", "shortcut.weight", "shortcut.bias"]);
  const both = await values(branches({ a, b }).forward(x));
  const [left, right] = [await values(a.forward(x)), await values(b.forward(x))];
  close(
    both,
    [0, 1].flatMap((n) => [...left.slice(3 * n, 3 * n + 3), ...right.slice(2 * n, 2 * n + 2)]),
    0,
  );
});

it("layer and group norms are the closed form", async () => {
  const x = wave(24);
  const t = gpu.tensor(x, [2, 4, 3]);
  const normalised = (rows: number[][]) =>
    rows.flatMap((row) => {
      const mean = row.reduce((s, v) => s + v, 0) / row.length;
      const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / row.length;
      return row.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
    });
  const rowsOf = (size: number) =>
    Array.from({ length: 24 / size }, (_, i) => Array.from(x.subarray(i * size, (i + 1) * size)));
  const layer = new LayerNorm(gpu, 3);
  close(await values(layer.forward(t)), normalised(rowsOf(3)), 1e-5);
  const group = new GroupNorm(gpu, 2, 4);
  group.parameters.weight.write([1, 2, 3, 4]);
  group.parameters.bias.write([0, 1, 0, -1]);
  const expected = normalised(rowsOf(6)).map(
    (v, i) => v * [1, 2, 3, 4][Math.floor(i / 3) % 4]! + [0, 1, 0, -1][Math.floor(i / 3) % 4]!,
  );
  close(await values(group.forward(t)), expected, 1e-5);
  expect((await failure(() => new GroupNorm(gpu, 3, 4))).message).toMatch(/divide the channels; got 3 and 4/);
});

it("dropout drops in training alone, other elements at each step and under each name", async () => {
  const x = gpu.ones([4000]);
  const layer = new Dropout({ p: 0.25 });
  expect(layer.forward(x)).toBe(x);
  const masks = [];
  for (const step of [0, 1]) masks.push(await values(layer.forward(x, { training: true, step })));
  masks.push(await values(new Dropout({ p: 0.25, name: "other" }).forward(x, { training: true, step: 0 })));
  for (const mask of masks) {
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    // five standard deviations of the share that stays
    expect(Math.abs(mask.filter((v) => v > 0).length / 4000 - 0.75)).toBeLessThan(0.035);
  }
  expect(new Set(masks.map((m) => m.join())).size).toBe(3);
  expect((await failure(() => layer.forward(x, { training: true }))).message).toMatch(/expected \{ step \}/);
});

it("embeddings start standard normal and give rows; upsampling repeats pixels", async () => {
  const layer = new Embedding(gpu, 50, 40, { seed: 5 });
  const weight = await values(layer.parameters.weight);
  const mean = weight.reduce((s, v) => s + v, 0) / 2000;
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(2000));
  expect(weight.reduce((s, v) => s + v * v, 0) / 2000).toBeCloseTo(1, 0);
  const rows = await values(layer.forward(gpu.tensor(Uint32Array.of(7, 0), [2])));
  close(rows, [...weight.slice(280, 320), ...weight.slice(0, 40)], 0);
  const up = new Upsample({ scale: 2, mode: "nearest" }).forward(gpu.tensor([1, 2, 3, 4], [1, 1, 2, 2]));
  expect([...(await up.read())]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
});

it("heads out of one product are two layers in files", async () => {
  const heads = new LinearHeads(gpu, 3, { mean: 2, log_var: 1 }, { seed: 1 });
  const whole = new Linear(gpu, 3, 3, { seed: 1 });
  expect(Object.keys(heads.parameters)).toEqual(["mean.weight", "log_var.weight", "mean.bias", "log_var.bias"]);
  const all = await values(whole.weight);
  close(await values(heads.parameters["log_var.weight"]!), all.slice(6), 0);
  heads.parameters["log_var.weight"]!.write([1, 2, 3]);
  heads.parameters["log_var.bias"]!.write([4]);
  const y = await values(heads.forward(gpu.tensor([1, 10, 100], [1, 3])));
  expect(y[2]).toBe(325);
});

it("PyTorch's files go into a layer under other names, and nothing changes where they do not fit", async () => {
  const make = (seed: number) =>
    sequential({
      conv: new Conv2d(gpu, 1, 2, { seed }),
      norm: new BatchNorm(gpu, 2),
      out: new Linear(gpu, 2, 1, { seed }),
    });
  const [from, to] = [make(1), make(2)];
  const all = await readParameters({ ...from.parameters, ...from.buffers });
  const file = writeSafetensors(
    all.map(([name, t]) => [`module.${name}`, t] as const),
    {},
  );
  const before = await readParameters(to.parameters);
  expect((await failure(() => loadInto(to, file))).message).toMatch(/no tensor "conv.weight"/);
  expect(await readParameters(to.parameters)).toEqual(before);
  const rename = (name: string) => name.replace(/^module\./, "");
  loadInto(to, file, { rename });
  expect(await readParameters({ ...to.parameters, ...to.buffers })).toEqual(all);
  const without = (name: string) => (name.endsWith("running_var") ? null : rename(name));
  expect((await failure(() => loadInto(to, file, { rename: without }))).message).toMatch(
    /no tensor "norm.running_var"/,
  );
});

it("a batch norm folds into the layer before it", async () => {
  const x = gpu.tensor(wave(2 * 4 * 5 * 5), [2, 4, 5, 5]);
  const layers = [
    new Conv2d(gpu, 4, 6, { groups: 2, bias: false }),
    new ConvTranspose2d(gpu, 4, 6, { groups: 2, stride: 2 }),
    new ConvTranspose2d(gpu, 4, 6, {}),
  ];
  for (const layer of [...layers, new Linear(gpu, 4, 6)]) {
    const norm = new BatchNorm(gpu, 6);
    norm.parameters.weight.write(wave(6, 2));
    norm.parameters.bias.write(wave(6, 3));
    norm.buffers.running_mean.write(wave(6, 4));
    norm.buffers.running_var.write(wave(6, 5).map((v) => 1.5 + v));
    const input = layer instanceof Linear ? gpu.tensor(wave(8), [2, 4]) : x;
    const folded = await foldBatchNorm(layer, norm);
    close(await values(folded.forward(input)), await values(norm.forward(layer.forward(input))), 5e-6);
  }
  expect((await failure(() => foldBatchNorm(new Linear(gpu, 4, 5), new BatchNorm(gpu, 6)))).message).toMatch(
    /5 channels.*got 6/,
  );
});
