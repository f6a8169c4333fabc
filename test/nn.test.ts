import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { permutation, uniforms, words } from "../src/data/philox.ts";
import { assign, grad, mul, random, square, sub, sum } from "../src/index.ts";
import { arenaOf } from "../src/nn/arena.ts";
import { BatchNorm } from "../src/nn/batchNorm.ts";
import { Conv2d, ConvTranspose2d } from "../src/nn/conv2d.ts";
import { named, sequential } from "../src/nn/layer.ts";
import { Linear } from "../src/nn/linear.ts";
import { adam, adamW } from "../src/nn/adam.ts";
import type { Optimiser } from "../src/nn/optimiser.ts";
import { sgd } from "../src/nn/sgd.ts";
import { schedule } from "../src/nn/schedule.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

describe("draws on the host", () => {
  it("are the words that the GPU draws", async () => {
    const host = uniforms(10, 1, { seed: 2 ** 40 + 5, stream: 7, step: 3 });
    const device = await random.uniform(gpu, [10], { seed: 2 ** 40 + 5, stream: 7, step: 3 }).read();
    // host numbers are 2u − 1, rounded once
    for (const [i, u] of device.entries()) expect(Math.abs(host[i]! - (2 * u - 1))).toBeLessThanOrEqual(2 ** -24);
  });

  it("start with Philox's published words", () => {
    // Random123's known answer for a counter and key of zeros
    expect([...words(4, { seed: 0 })]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  });

  it("give every order once", () => {
    const order = permutation(1000, { seed: 1, step: 2 });
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([...order]).not.toEqual([...permutation(1000, { seed: 1, step: 3 })]);
  });
});

describe("layers", () => {
  it("start uniform within one over the root of their inputs, equally on every device", async () => {
    const layer = new Linear(gpu, 100, 50, { seed: 3 });
    const weight = (await layer.weight.read()) as Float32Array;
    expect(Math.max(...weight)).toBeLessThan(0.1);
    expect(Math.min(...weight)).toBeGreaterThan(-0.1);
    expect(weight.reduce((a, b) => a + b * b, 0) / weight.length).toBeCloseTo(0.01 / 3, 4);
    expect(Array.from(weight.subarray(0, 4))).toEqual([...uniforms(4, 0.1, { seed: 3 })]);
  });

  it("are named as in PyTorch", () => {
    const layers = {
      conv1: new Conv2d(gpu, 1, 2),
      fc: new Linear(gpu, 3, 2, { bias: false }),
      norm: new BatchNorm(gpu, 2),
    };
    expect(Object.keys(named(layers))).toEqual(["conv1.weight", "conv1.bias", "fc.weight", "norm.weight", "norm.bias"]);
    expect(Object.keys(named(layers, "buffers"))).toEqual(["norm.running_mean", "norm.running_var"]);
  });

  it("run one after the other", async () => {
    const net = sequential({
      conv: new Conv2d(gpu, 1, 4, { stride: 2, padding: 1 }),
      up: new ConvTranspose2d(gpu, 4, 1, { stride: 2, padding: 1, outputPadding: 1 }),
    });
    const y = net.forward(gpu.tensor(new Float32Array(64).fill(1), [1, 1, 8, 8]));
    expect(y.shape).toEqual([1, 1, 8, 8]);
    expect((await y.read()).every(Number.isFinite)).toBe(true);
  });

  it("normalise batches, and keep running statistics as PyTorch does", async () => {
    const norm = new BatchNorm(gpu, 2);
    const x = gpu.tensor([
      [1, 10],
      [2, 20],
      [3, 60],
    ]);
    const step = await gpu.compile((input) => norm.forward(input!, { training: true }), x);
    const y = await (await step.run(x)).read();
    expect([...y].map((v) => Math.round(v * 1e3) / 1e3)).toEqual([-1.225, -0.926, 0, -0.463, 1.225, 1.389]);
    expect([...(await norm.buffers.running_mean.read())]).toEqual([0.2, 3].map(Math.fround));
    // 0.9 · 1 + 0.1 · the unbiased variances 1 and 700
    const variances = await norm.buffers.running_var.read();
    expect(variances[0]).toBeCloseTo(1, 5);
    expect(variances[1]).toBeCloseTo(70.9, 3);
    step.dispose();
  });
});

/** Runs `steps` steps on the loss ½ Σ c·(w − 1)² with an optimiser, and returns w. */
async function descend(make: (w: ReturnType<Gpu["state"]>) => Optimiser, steps: number) {
  const w = gpu.state([0, 3, -2], [3]);
  const optimiser = make(w);
  const c = gpu.tensor([1, 10, 0.1]);
  const step = await gpu.compile(() => {
    const loss = sum(mul(mul(square(sub(w, 1)), c), 0.5));
    optimiser.update(grad(loss, [w]), { loss });
    return loss;
  });
  await step.repeat(steps);
  const values = [...(await w.read())];
  step.dispose();
  optimiser.dispose();
  return values;
}

const start = [0, 3, -2];
const slopes = (w: number[]) => w.map((v, i) => (v - 1) * [1, 10, 0.1][i]!);

function adamReference(steps: number, { rate = 0.1, decay = 0, decoupled = false, clip = Infinity } = {}) {
  const w = [...start];
  const [m, v] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let t = 1; t <= steps; t++) {
    const raw = slopes(w);
    const norm = Math.hypot(...raw);
    for (const [i, slope] of raw.entries()) {
      const g = slope * Math.min(1, clip / (norm + 1e-6)) + (decoupled ? 0 : decay * w[i]!);
      if (decoupled) w[i]! *= 1 - rate * decay;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g * g;
      w[i]! -= (rate * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    }
  }
  return w;
}

describe("optimisers", () => {
  const near = (found: number[], expected: number[]) => {
    // some twenty roundings a step, over 20 steps
    for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-5);
  };

  it("adam follows its reference in float64", async () =>
    near(await descend((w) => adam(gpu, [w], { learningRate: 0.1 }), 20), adamReference(20)));
  it("adam adds weight decay to the gradient", async () =>
    near(
      await descend((w) => adam(gpu, [w], { learningRate: 0.1, weightDecay: 0.5 }), 20),
      adamReference(20, { decay: 0.5 }),
    ));
  it("adamW shrinks the parameters instead", async () =>
    near(
      await descend((w) => adamW(gpu, [w], { learningRate: 0.1, weightDecay: 0.5 }), 20),
      adamReference(20, { decay: 0.5, decoupled: true }),
    ));
  it("clip the gradient over all parameters", async () =>
    near(
      await descend((w) => adam(gpu, [w], { learningRate: 0.1, clipNorm: 0.5 }), 20),
      adamReference(20, { clip: 0.5 }),
    ));
  it("take the learning rate from a schedule", async () => {
    const halving = schedule.exponential({ rate: 0.1, decay: 0.5 });
    const w = [...start];
    for (let t = 0; t < 5; t++) for (const [i, g] of slopes([...w]).entries()) w[i]! -= 0.1 * 0.5 ** t * g;
    near(await descend((p) => sgd(gpu, [p], { learningRate: halving }), 5), w);
  });
  it("sgd with momentum and Nesterov's step follows PyTorch", async () => {
    const w = [...start];
    const m = [0, 0, 0];
    for (let t = 0; t < 10; t++)
      for (const [i, g] of slopes([...w]).entries()) {
        m[i] = 0.9 * m[i]! + g;
        w[i]! -= 0.05 * (g + 0.9 * m[i]!);
      }
    near(await descend((p) => sgd(gpu, [p], { learningRate: 0.05, momentum: 0.9, nesterov: true }), 10), w);
  });

  it("move parameters into one arena, where the tensors stay what they were", async () => {
    const before = gpu.memory().buffers;
    const parameters = [
      gpu.state([1, 2, 3], [3]),
      gpu.state([
        [4, 5],
        [6, 7],
      ]),
    ];
    const values = arenaOf(gpu, parameters);
    expect(values.shape).toEqual([128]);
    expect([...(await parameters[1]!.read())]).toEqual([4, 5, 6, 7]);
    expect(gpu.memory().buffers).toBe(before + 1);
    values.dispose();
    expect(gpu.memory().buffers).toBe(before);
  });

  it("end the arena that they made with the last of its parameters, in whatever scope it was made", async () => {
    const { buffers, bytes } = gpu.memory();
    const [w, b] = [gpu.state([1, 2, 3]), gpu.state([4])];
    {
      using _scope = gpu.scope();
      const optimiser = adam(gpu, [w, b]);
      optimiser.dispose();
    }
    expect([...(await w.read()), ...(await b.read())]).toEqual([1, 2, 3, 4]);
    w.dispose();
    expect([...(await b.read())]).toEqual([4]);
    b.dispose();
    expect(gpu.memory()).toMatchObject({ buffers, bytes });
  });

  it("leave parameters as they are once a loss is not a number", async () => {
    const w = gpu.state([1], [1]);
    const optimiser = adam(gpu, [w]);
    const x = gpu.tensor([Number.NaN]);
    const step = await gpu.compile(() => {
      const loss = sum(mul(w, x));
      optimiser.update(grad(loss, [w]), { loss });
    });
    await step.repeat(3);
    expect(await w.item()).toBe(1);
    expect([...(await optimiser.trainCounters.read())]).toEqual([0, 0, 1, 0]);
    step.dispose();
  });

  it("create nothing while steps run", async () => {
    const w = gpu.state([1, 2], [2]);
    const optimiser = adam(gpu, [w]);
    const step = await gpu.compile(() => optimiser.update(grad(sum(square(w)), [w])));
    await step.repeat(2);
    await gpu.idle();
    const [counters, memory] = [gpu.counters(), gpu.memory()];
    await step.repeat(1000);
    await gpu.idle();
    expect(gpu.counters()).toEqual(counters);
    expect(gpu.memory()).toEqual(memory);
    step.dispose();
  });

  it("refuse what they do not know, by name", () => {
    const w = gpu.state([1], [1]);
    expect(() => adam(gpu, [w], { lr: 1 } as object)).toThrow(/adam: unknown option.*"lr"/);
    expect(() => adam(gpu, [w], { learningRate: -1 })).toThrow(/expected learningRate ≥ 0; got -1/);
    expect(() => sgd(gpu, [w], { nesterov: true })).toThrow(/nesterov needs momentum/);
    expect(() => adam(gpu, [])).toThrow(/expected at least one parameter/);
    expect(() => assign(w, w)).toThrow(/only inside/);
  });
});

describe("schedules", () => {
  const at = async (s: (step: ReturnType<Gpu["tensor"]>) => ReturnType<Gpu["tensor"]>, step: number) =>
    s(gpu.tensor([step], [])).item();
  it("fall along a cosine to their floor", async () => {
    const s = schedule.cosine({ rate: 1, steps: 10, floor: 0.2 });
    for (const [step, expected] of [
      [0, 1],
      [5, 0.6],
      [10, 0.2],
      [50, 0.2],
    ] as const)
      expect(await at(s, step)).toBeCloseTo(expected, 6);
  });
  it("decay by a factor, also in jumps", async () => {
    expect(await at(schedule.exponential({ rate: 2, decay: 0.5, every: 4 }), 8)).toBeCloseTo(0.5, 6);
    expect(await at(schedule.exponential({ rate: 2, decay: 0.5, every: 4, staircase: true }), 7)).toBeCloseTo(1, 6);
  });
  it("warm up linearly", async () => {
    const s = schedule.warmup(4, schedule.constant(0.8));
    for (const [step, expected] of [
      [0, 0.2],
      [1, 0.4],
      [3, 0.8],
      [9, 0.8],
    ] as const)
      expect(await at(s, step)).toBeCloseTo(expected, 6);
  });
});
