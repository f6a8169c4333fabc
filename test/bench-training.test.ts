// The bench's training cases: what they count, their float64 reference, and latentgpu against it at a tiny size.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { training, trainings } from "../bench/cases/training.ts";
import { convolutional, flops, initial, mlp, parameterCount, type Layer } from "../bench/cases/training/network.ts";
import { productsOf } from "../bench/cases/training/products.ts";
import { forward, losses } from "../bench/cases/training/reference.ts";
import { prepareTraining } from "../bench/engines/training/latentgpu.ts";
import { filled, normal, uniform } from "../bench/random.ts";
import type { Inputs, Outputs } from "../bench/workload.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { openShared } from "./helpers.ts";

const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const digits = { mlp: mlp(28, 400, 20), conv: convolutional(28, [32, 64], 20) };
const tiny = { mlp: mlp(4, 5, 3), conv: convolutional(8, [2, 3], 3) };
const batch = 3;

const task = (network: typeof tiny.mlp, size = batch, seed = 3): Inputs => ({
  ...initial(network, size, seed),
  noise: normal([size, network.latent], 4),
});

describe("a training step", () => {
  test("of 128 images is 0.42 GFLOP in the MLP and 1.60 in the convolutional network", () => {
    expect(flops(digits.mlp, 128) / 1e9).toBeCloseTo(0.42, 2);
    expect(flops(digits.conv, 128) / 1e9).toBeCloseTo(1.6, 2);
  });

  test("moves as many numbers as the project's own models have", () => {
    expect(parameterCount(digits.mlp)).toBe(652_824);
    const expected = 320 + 18_496 + 125_480 + 65_856 + 18_464 + 289;
    expect(parameterCount(digits.conv)).toBe(expected);
  });

  test("has the same inputs each time, and images with black and grey pixels", () => {
    const [inputs, again] = [task(tiny.conv), task(tiny.conv)];
    expect(again).toEqual(inputs);
    const pixels = [...inputs.images!.values];
    expect(pixels.every((p) => p >= 0 && p <= 1)).toBe(true);
    const black = pixels.filter((p) => p === 0).length / pixels.length;
    expect(black).toBeGreaterThan(0.7);
    expect(black).toBeLessThan(0.9);
  });
});

describe("the float64 reference", () => {
  test("convolves by PyTorch's formula, and transposes by the adjoint", () => {
    const layer: Layer = { name: "", kind: "conv2d", shape: [3, 2, 3, 3], side: 2 };
    const values = (shape: number[], seed: number) => Float64Array.from(uniform(shape, seed).values);
    // the batch, of 2, comes last
    const [x, w, g] = [values([2, 4, 4, 2], 1), values([3, 2, 3, 3], 2), values([3, 2, 2, 2], 3)];
    const y = productsOf(layer, 2).forward(x, w);
    expect(y).toHaveLength(g.length);
    for (let at = 0; at < y.length; at++) {
      const [o, i, j, n] = [Math.floor(at / 8), Math.floor(at / 4) % 2, Math.floor(at / 2) % 2, at % 2];
      let sum = 0;
      for (let c = 0; c < 2; c++)
        for (let p = 0; p < 3; p++)
          for (let q = 0; q < 3; q++) {
            const [row, column] = [2 * i + p - 1, 2 * j + q - 1];
            if (Math.min(row, column) < 0 || Math.max(row, column) > 3) continue;
            sum += w[((o * 2 + c) * 3 + p) * 3 + q]! * x[((c * 4 + row) * 4 + column) * 2 + n]!;
          }
      expect(y[at]).toBeCloseTo(sum, 12);
    }
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const back = productsOf({ ...layer, kind: "convTranspose2d" }, 2).forward(g, w);
    expect(dot(back, x)).toBeCloseTo(dot(y, g), 12);
  });

  test.each(["mlp", "conv"] as const)("has the gradient that finite differences of its loss say (%s)", (name) => {
    const network = tiny[name];
    const { images, noise, ...parameters } = Object.fromEntries(
      Object.entries(task(network)).map(([key, { values }]) => [key, Float64Array.from(values)]),
    );
    const lossOf = () => forward(network, parameters, images!, noise!).loss;
    const gradients = forward(network, parameters, images!, noise!).gradient();
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(parameters).sort());
    for (const [key, values] of Object.entries(parameters)) {
      const d = gradients[key]!;
      expect(d).toHaveLength(values.length);
      expect(d.some((value) => value !== 0)).toBe(true);
      for (let at = 0; at < values.length; at += Math.ceil(values.length / 12)) {
        const value = values[at]!;
        const h = 1e-6;
        values[at] = value + h;
        const above = lossOf();
        values[at] = value - h;
        const slope = (above - lossOf()) / (2 * h);
        values[at] = value;
        // rounding of the loss, about 10, over 2h
        expect(Math.abs(d[at]! - slope), `${key}[${at}]`).toBeLessThan(1e-7);
      }
    }
  });

  test("lowers the loss by a step of Adam's rate along every weight", () => {
    // the first step moves each of 652,824 weights by 1e-3: the fall is 1e-3·Σ|d| to first order, many nats here
    const [first, second, third] = losses(digits.mlp, task(digits.mlp, 4), ADAM, 3) as [number, number, number];
    expect(first - second).toBeGreaterThan(10);
    expect(second - third).toBeGreaterThan(10);
  });

  test.each(["mlp", "conv"] as const)("has the loss pixels · ln 2 and no divergence at zero weights (%s)", (name) => {
    const network = digits[name];
    const inputs = Object.entries(task(network, 2)).map(([key, input]) =>
      /weight|bias/.test(key) ? [key, filled(input.shape, () => 0)] : [key, input],
    );
    expect(losses(network, Object.fromEntries(inputs), ADAM, 1)[0]).toBeCloseTo(784 * Math.LN2, 10);
  });
});

describe("the gate", () => {
  test("passes the reference's losses, and nothing else", () => {
    const item = training({ workload: "vae step", size: "tiny", network: tiny.mlp, batch, steps: 4, seed: 3 });
    const { gate } = item;
    const inputs = { ...item.inputs(), ...gate.inputs!() };
    const right = losses(tiny.mlp, inputs, ADAM, 4);
    const error = (found: readonly number[]) => {
      const [first, ...others] = found.map((loss): Outputs => [Float32Array.of(loss)]);
      return gate.error(inputs, [first!, ...others]);
    };
    expect(error(right)).toBeLessThan(1e-7);
    expect(error(right.with(2, right[2]! * 1.01))).toBeCloseTo(0.01, 5);
    const untrained = right.map(() => right[0]!);
    expect(error(untrained)).toBeGreaterThan(gate.limit);
    expect(error(right.with(0, NaN))).toBeNaN();
    expect(error(right.slice(1))).toBeNaN();
    expect(gate.error(inputs, [[], [], [], []])).toBeNaN();
  });

  test("has fixed noise, which the timed steps draw for themselves", () => {
    for (const { inputs, gate, settings } of trainings(true)) {
      expect(inputs()).not.toHaveProperty("noise");
      expect(gate.inputs!().noise!.shape).toEqual([settings.batch, settings.latent]);
    }
  });
});

describe("latentgpu", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => gpu.dispose());

  test.each([
    ["vae step", tiny.mlp],
    ["conv vae step", tiny.conv],
  ] as const)(
    "has the reference's losses, frees what it took, and draws noise of its own (%s)",
    async (workload, network) => {
      const settings = { batch, latent: network.latent, ...ADAM, rate: 1e-2 };
      const inputs = task(network);
      const { noise: _, ...drawing } = inputs;
      const before = gpu.memory().buffers;
      const found: number[] = [];
      const runner = (await prepareTraining({ workload, settings, inputs }, gpu))!;
      for (let step = 0; step < 4; step++) {
        await runner.step();
        found.push((await runner.outputs())[0]![0]!);
      }
      runner.dispose();
      for (const [step, loss] of losses(network, inputs, settings, 4).entries())
        expect(Math.abs(found[step]! / loss - 1)).toBeLessThan(1e-5); // float32 through four steps of a tenth of the weights

      const free = (await prepareTraining({ workload, settings, inputs: drawing }, gpu))!;
      await free.step();
      const [first] = await free.outputs();
      await free.repeat!(3);
      await free.finish();
      const [later] = await free.outputs();
      free.dispose();
      expect(first![0]).not.toBe(found[0]);
      expect(later![0]).not.toBe(first![0]);
      expect(gpu.memory().buffers).toBe(before);
    },
  );

  test("does nothing that it does not know", async () => {
    expect(await prepareTraining({ workload: "flow step", settings: {}, inputs: {} }, gpu)).toBeNull();
  });
});
