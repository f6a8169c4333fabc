import { afterAll, beforeAll, expect, it } from "vitest";
import * as ops from "../src/index.ts";
import { assign, grad, type Gpu, linalg, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

// Tensors with a size of 0 pass through every op as they do in PyTorch.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const NONE: readonly number[] = [];
const of = (...shape: number[]) => gpu.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
const ones = (...shape: number[]) => gpu.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
const words = (...shape: number[]) => gpu.tensor(new Uint32Array(shape.reduce((a, b) => a * b, 1)), shape);

type Case = readonly [
  run: (x: Tensor) => Tensor,
  input: readonly number[],
  shape: readonly number[],
  values?: readonly number[],
];
const N = Number.NaN;

/** What an op makes of an input of this shape: the result's shape, and its values where it has any. */
const cases: { readonly [op: string]: readonly Case[] } = {
  add: [
    [(x) => ops.add(x, ones(3)), [0, 3], [0, 3]],
    [(x) => ops.add(x, ones(1)), [0], [0]],
    [(x) => ops.add(x, 2), [2, 0], [2, 0]],
  ],
  where: [[(x) => ops.where(x, x, 1), [0, 2], [0, 2]]],
  less: [[(x) => ops.less(x, 1), [0], [0]]],
  cast: [
    [(x) => ops.cast(x, "u8"), [0], [0]],
    [(x) => ops.cast(ops.cast(x, "u8"), "bool"), [0], [0]],
  ],
  logicalNot: [[(x) => ops.logicalNot(x), [0, 2], [0, 2]]],
  clamp: [[(x) => ops.clamp(x, 0, 1), [0], [0]]],
  sum: [
    [(x) => ops.sum(x), [0], [], [0]],
    [(x) => ops.sum(x, 0), [0, 2], [2], [0, 0]],
    [(x) => ops.sum(x, 1), [0, 2], [0]],
    [(x) => ops.sum(x, 0, { keepDims: true }), [0, 2], [1, 2], [0, 0]],
  ],
  mean: [
    [(x) => ops.mean(x), [0], [], [N]],
    [(x) => ops.mean(x, 1), [2, 0], [2], [N, N]],
  ],
  variance: [
    [(x) => ops.variance(x), [0, 3], [], [N]],
    [(x) => ops.variance(x, 1), [0, 3], [0]],
  ],
  std: [[(x) => ops.std(x, 0), [0, 2], [2], [N, N]]],
  prod: [
    [(x) => ops.prod(x), [0], [], [1]],
    [(x) => ops.prod(x, 1), [2, 0], [2], [1, 1]],
  ],
  any: [
    [(x) => ops.any(x), [0], [], [0]],
    [(x) => ops.any(x, 1), [0, 3], [0]],
  ],
  all: [[(x) => ops.all(x), [0], [], [1]]],
  max: [[(x) => ops.max(x, 1), [0, 3], [0]]],
  min: [[(x) => ops.min(x, 1, { keepDims: true }), [0, 3], [0, 1]]],
  argmax: [[(x) => ops.argmax(x), [0, 3], [0]]],
  argmin: [[(x) => ops.argmin(x, 0), [3, 0], [0]]],
  cumsum: [
    [(x) => ops.cumsum(x, 0), [0, 2], [0, 2]],
    [(x) => ops.cumsum(ops.cast(x, "i32"), 0), [0, 2], [0, 2]],
  ],
  sort: [
    [(x) => ops.sort(x).values, [0], [0]],
    [(x) => ops.sort(x).indices, [2, 0], [2, 0]],
  ],
  topK: [
    [(x) => ops.topK(x, 0).values, [3], [0]],
    [(x) => ops.topK(x, 2).indices, [0, 3], [0, 2]],
  ],
  logsumexp: [[(x) => ops.logsumexp(x, 1), [0, 3], [0]]],
  softmax: [
    [(x) => ops.softmax(x), [0, 3], [0, 3]],
    [(x) => ops.softmax(x), [3, 0], [3, 0]],
  ],
  logSoftmax: [[(x) => ops.logSoftmax(x), [0, 3], [0, 3]]],
  crossEntropy: [[(x) => ops.crossEntropy(x, of(0, 3)), [0, 3], [], [N]]],
  matmul: [
    [(x) => ops.matmul(x, ones(3, 2)), [0, 3], [0, 2]],
    [(x) => ops.matmul(ones(2, 3), x), [3, 0], [2, 0]],
    [(x) => ops.matmul(x, of(0, 3)), [2, 0], [2, 3], [0, 0, 0, 0, 0, 0]],
    [(x) => ops.matmul(x, of(0)), [0], [], [0]],
    [(x) => ops.matmul(x, ones(3, 2)), [0, 2, 3], [0, 2, 2]],
    [(x) => ops.matmul(x, of(2, 0, 2)), [2, 1, 0], [2, 1, 2], [0, 0, 0, 0]],
  ],
  linear: [
    [(x) => ops.linear(x, ones(2, 3), ones(2)), [0, 3], [0, 2]],
    [(x) => ops.linear(x, of(2, 0), ones(2)), [1, 0], [1, 2], [1, 1]],
  ],
  reshape: [
    [(x) => ops.reshape(x, [3, 0]), [0, 2], [3, 0]],
    [(x) => ops.reshape(x, [2, -1]), [2, 0], [2, 0]],
  ],
  transpose: [[(x) => ops.transpose(x), [0, 2], [2, 0]]],
  expand: [[(x) => ops.expand(x, [0, 2]), [1, 2], [0, 2]]],
  slice: [
    [(x) => ops.slice(x, 0, 2, 2), [4, 2], [0, 2]],
    [(x) => ops.slice(x, 0, 5, 9), [4], [0]],
  ],
  split: [
    [(x) => ops.split(x, [0, 4], 0)[0]!, [4], [0]],
    [(x) => ops.split(x, [0, 4], 0)[1]!, [4], [4], [0, 0, 0, 0]],
  ],
  concat: [
    [(x) => ops.concat([x, ones(1, 2), x], 0), [0, 2], [1, 2], [1, 1]],
    [(x) => ops.concat([x, x], 1), [0, 2], [0, 4]],
  ],
  stack: [[(x) => ops.stack([x, x]), [0], [2, 0]]],
  pad: [[(x) => ops.pad(x, 0, 1, 1, 5), [0], [2], [5, 5]]],
  flip: [[(x) => ops.flip(x), [0, 2], [0, 2]]],
  tile: [
    [(x) => ops.tile(x, 0), [2], [0]],
    [(x) => ops.tile(x, 3), [0], [0]],
  ],
  roll: [[(x) => ops.roll(x, 1, 0), [0, 2], [0, 2]]],
  tril: [[(x) => ops.tril(x), [0, 2, 2], [0, 2, 2]]],
  squeeze: [[(x) => ops.squeeze(x, 1), [0, 1], [0]]],
  unsqueeze: [[(x) => ops.unsqueeze(x, 0), [0], [1, 0]]],
  gather: [
    [(x) => ops.gather(x, NONE), [3, 2], [0, 2]],
    [(x) => ops.gather(x, words(0)), [3, 2], [0, 2]],
    [(x) => ops.gather(x, [0, 1]), [2, 0], [2, 0]],
  ],
  take: [[(x) => ops.take(x, NONE, 1), [3, 2], [3, 0]]],
  takeAlongAxis: [[(x) => ops.takeAlongAxis(x, words(0, 1)), [0, 3], [0, 1]]],
  scatterAdd: [[(x) => ops.scatterAdd(x, words(0), 2), [0, 2], [2, 2], [0, 0, 0, 0]]],
  embedding: [[(x) => ops.embedding(x, words(0)), [3, 2], [0, 2]]],
  oneHot: [[(x) => ops.oneHot(x, 3), [0], [0, 3]]],
  conv2d: [[(x) => ops.conv2d(x, ones(4, 2, 3, 3), { bias: ones(4), padding: 1 }), [0, 2, 5, 5], [0, 4, 5, 5]]],
  convTranspose2d: [[(x) => ops.convTranspose2d(x, ones(2, 4, 3, 3)), [0, 2, 5, 5], [0, 4, 7, 7]]],
  maxPool2d: [[(x) => ops.maxPool2d(x, 2), [0, 2, 4, 4], [0, 2, 2, 2]]],
  avgPool2d: [[(x) => ops.avgPool2d(x, 2), [0, 2, 4, 4], [0, 2, 2, 2]]],
  resize: [[(x) => ops.resize(x, [3, 5]), [0, 2, 4, 4], [0, 2, 3, 5]]],
  layerNorm: [[(x) => ops.layerNorm(x), [0, 3], [0, 3]]],
  groupNorm: [[(x) => ops.groupNorm(x, { groups: 2 }), [0, 4, 3], [0, 4, 3]]],
  batchNorm: [[(x) => ops.batchNorm(x, { mean: of(3), variance: ones(3) }), [0, 3], [0, 3]]],
  dropout: [[(x) => ops.dropout(x, { p: 0.5, seed: 1 }), [0, 3], [0, 3]]],
  kl: [[(x) => ops.kl(x, of(0, 3)), [0, 3], [0]]],
  perSample: [[(x) => ops.perSample(x), [0, 3, 2], [0]]],
  bernoulliLogLikelihood: [[(x) => ops.bernoulliLogLikelihood(x, of(0, 3)), [0, 3], [0]]],
  "random.normal": [[() => ops.random.normal(gpu, [0, 3], { seed: 1 }), [1], [0, 3]]],
  arange: [[() => ops.arange(gpu, 0), [1], [0]]],
  "linalg.cholesky": [[(x) => linalg.cholesky(x).factor, [0, 2, 2], [0, 2, 2]]],
  "linalg.inverse": [[(x) => linalg.inverse(x), [0, 2, 2], [0, 2, 2]]],
  "linalg.logdet": [[(x) => linalg.logdet(x), [0, 2, 2], [0]]],
};

it.each(Object.entries(cases))("%s of nothing is what PyTorch says, and so is its gradient", async (_op, list) => {
  for (const [run, input, shape, values] of list) {
    const x = of(...input);
    const y = run(x);
    expect(y.shape).toEqual(shape);
    expect(Array.from(await y.read())).toEqual(values ?? []);
    const [dx] = grad(ops.sum(ops.cast(run(x), "f32")), [x]);
    expect(dx!.shape).toEqual(input);
    expect(await dx!.read()).toHaveLength(x.size);
    // recorded, planned and replayed
    const step = await gpu.compile((z) => [run(z), grad(ops.sum(run(z)), [z])[0]!] as const, x);
    const [again, slope] = await step.run(x);
    expect(again!.shape).toEqual(shape);
    expect(Array.from(await again!.read())).toEqual(values ?? []);
    expect(await slope!.read()).toHaveLength(x.size);
  }
});

it("an extreme of nothing is refused by name", async () => {
  for (const [op, call] of Object.entries({ max: ops.max, min: ops.min, argmax: ops.argmax, argmin: ops.argmin })) {
    const error = await failure(() => call(of(0, 2), 0));
    expect([error.code, error.message]).toEqual([
      "shape",
      expect.stringContaining(`${op}: expected at least one element`),
    ]);
  }
});

it("nothing has a dtype, a shape and no memory", async () => {
  const before = gpu.memory().bytes;
  const all = [
    gpu.tensor([]),
    gpu.tensor([[], []]),
    gpu.tensor([], [0, 3], { dtype: "bool" }),
    gpu.tensor(new Int32Array(0)),
  ];
  expect(all.map((x) => [x.dtype, x.shape])).toEqual([["f32", [0]], ["f32", [2, 0]], ["bool", [0, 3]], ["i32", [0]]]); // prettier-ignore
  expect(await all[3]!.read()).toEqual(new Int32Array(0));
  const sliced = ops.slice(gpu.tensor(new Uint8Array(4)), 0, 1, 1);
  expect(await sliced.read()).toEqual(new Uint8Array(0));
  expect(await (await sliced.copy()).read()).toEqual(new Uint8Array(0));
  expect((await failure(() => sliced.buffer())).message).toMatch(/buffer: expected at least one element/);
  for (const x of [...all, sliced]) x.dispose();
  expect((await failure(() => sliced.read())).code).toBe("disposed");
  expect(gpu.memory().bytes - before).toBeLessThanOrEqual(4);
});

it("a step over no rows leaves its states as they are", async () => {
  const w = gpu.state([1, 2]);
  const step = await gpu.compile(
    (x) => {
      const loss = ops.sum(ops.square(ops.matmul(x, w)));
      assign(w, w.sub(grad(loss, [w])[0]!));
      return loss;
    },
    of(0, 2),
  );
  expect(await (await step.run(of(0, 2))).item()).toBe(0);
  expect(Array.from(await w.read())).toEqual([1, 2]);
});
