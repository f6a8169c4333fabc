import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dataset } from "../src/data/dataset.ts";
import { permutation } from "../src/data/philox.ts";
import { streamOf } from "../src/data/streams.ts";
import { adam, grad, mean, mul, sgd, square, sub, sum, type Tensor, TrainingControl } from "../src/index.ts";
import { FactorVAE, VAE } from "../src/models/family/index.ts";
import type { Batch } from "../src/data/dataset.ts";
import type { StepContext } from "../src/nn/objective.ts";
import type { EpochEnd, Progress } from "../src/nn/options.ts";
import { train } from "../src/nn/train.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { blobs, small } from "./oracles/blobs.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];
const images = blobs(50);

/** A model of one number a column that is drawn to the samples, and what each step saw. */
async function means(
  data: Dataset,
  options: object,
  further: { objective?: (b: Batch, c: StepContext) => Tensor } = {},
) {
  const w = gpu.state(new Float32Array(data.features), [1, data.features]);
  const optimiser = sgd(gpu, { w }, { learningRate: 0.1 });
  const result = await train(
    {
      gpu,
      dataset: data,
      parameters: { w },
      updates: [{ optimiser }],
      objective: (batch, context) => {
        const distance = mean(square(sub(batch.x, w)));
        return { loss: distance, extra: further.objective?.(batch, context) ?? mul(distance, 2) };
      },
    },
    options,
  );
  const end = await values(w);
  optimiser.dispose();
  return { result, end };
}

describe("terms", () => {
  it("are kept per step and reported by name: progress, history and validation", async () => {
    using data = Dataset.from(
      gpu,
      Float32Array.from({ length: 20 }, (_, i) => i),
      [10, 2],
    );
    const reports: Progress[] = [];
    const { result } = await means(data, {
      epochs: 3,
      batch: 4,
      validation: data,
      onProgress: (p: Progress) => reports.push(p),
    });
    for (const { loss, terms, validation, validationTerms } of result.history) {
      expect(Object.keys(terms!)).toEqual(["loss", "extra"]);
      expect(terms!.loss).toBe(loss);
      expect(terms!.extra).toBeCloseTo(2 * loss, 4);
      expect(validationTerms!.extra).toBeCloseTo(2 * validation!, 4);
    }
    expect(reports.every(({ loss, terms }) => Math.abs(terms.extra! - 2 * loss) < 1e-4 * loss)).toBe(true);
  });

  it("may be more than one dispatch keeps, and a model's are those of its objective", async () => {
    using data = Dataset.from(gpu, Float32Array.of(1, 2, 3), [3, 1]);
    const w = gpu.state([0], [1, 1]);
    const optimiser = sgd(gpu, { w });
    const { history } = await train(
      {
        gpu,
        dataset: data,
        parameters: { w },
        updates: [{ optimiser }],
        objective: ({ x }) => {
          const loss = mean(square(sub(x, w)));
          return { loss, ...Object.fromEntries(Array.from({ length: 8 }, (_, k) => [`t${k}`, mul(sum(x), k)])) };
        },
      },
      { epochs: 1, batch: 3 },
    );
    expect(history[0]!.terms).toMatchObject(Object.fromEntries(Array.from({ length: 8 }, (_, k) => [`t${k}`, 6 * k])));
    optimiser.dispose();
    using vae = new VAE(gpu, small);
    const { history: h } = await vae.fit(images, { epochs: 1, batch: 16 });
    expect(Object.keys(h[0]!.terms!)).toEqual(["loss", "reconstruction", "kl"]);
    expect(h[0]!.terms!.kl! - h[0]!.terms!.reconstruction!).toBeCloseTo(h[0]!.loss, 3);
    expect(h[0]!.terms!.kl).toBeGreaterThan(0);
  });
});

describe("batches", () => {
  it("bring bytes divided by 255, labels and further fields of the same samples, in an order of each epoch's own", async () => {
    const count = 10;
    const bytes = Uint8Array.from({ length: count }, (_, i) => 25 * i + 5);
    const labels = Uint8Array.from({ length: count }, (_, i) => (3 * i) % 7);
    const field = Float32Array.from({ length: 2 * count }, (_, i) => i / 4);
    using data = Dataset.from(gpu, bytes, [count, 1], { labels, fields: { field } });
    const order = permutation(count, { seed: 3, stream: streamOf("order"), step: 2 });
    const [at, place] = [gpu.tensor(order), gpu.tensor(Uint32Array.of(0, 4, 0, 0))];
    const batch = data.batch(at, place, 5);
    const rows = Array.from(order.subarray(4, 9));
    expect(await values(batch.x)).toEqual(rows.map((r) => Math.fround(bytes[r]! * Math.fround(1 / 255))));
    expect([...(await batch.labels!.read())]).toEqual(rows.map((r) => labels[r]));
    expect(batch.labels!.dtype).toBe("u32");
    expect(await values(batch.field!)).toEqual(rows.flatMap((r) => [field[2 * r], field[2 * r + 1]]));
    // 255 is 1, in one rounding: /256 would be 3.9e-3 off
    using white = Dataset.from(gpu, Uint8Array.of(255, 51), [2, 1]);
    const [one, fifth] = await values(white.slice(0, 2));
    expect(one).toBeCloseTo(1, 6);
    expect(fifth).toBeCloseTo(0.2, 6);
    expect(() => Dataset.from(gpu, bytes, [count, 1], { fields: { x: field } })).toThrow(
      /what samples and labels are called/,
    );
    expect(() => Dataset.from(gpu, bytes, [count, 1], { fields: { field: new Float32Array(3) } })).toThrow(
      /multiple of 10/,
    );
  });

  it("come in another order in every epoch, each sample once", async () => {
    const count = 12;
    using data = Dataset.from(
      gpu,
      Float32Array.from({ length: count }, (_, i) => 1.5 ** i),
      [count, 1],
    );
    const first: number[] = [];
    // one sample a step, and a rate of 0: the loss of a step is its sample's square
    const w = gpu.state([0], [1, 1]);
    const optimiser = sgd(gpu, { w }, { learningRate: 0 });
    await train(
      {
        gpu,
        dataset: data,
        parameters: { w },
        updates: [{ optimiser }],
        objective: ({ x }) => ({ loss: mean(square(sub(x, w))), value: sum(x) }),
      },
      {
        epochs: 2,
        batch: 1,
        checkpoint: { everySteps: 1, save: () => {} },
        onProgress: ({ terms }) => first.push(terms.value!),
      },
    );
    optimiser.dispose();
    const epochs = [first.slice(0, count), first.slice(count, 2 * count)];
    const sorted = epochs.map((e) => [...e].sort((a, b) => a - b));
    expect(sorted[0]).toEqual(sorted[1]);
    expect(new Set(sorted[0]).size).toBe(count);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs[0]).not.toEqual(sorted[0]);
  });

  it("of the rest take the whole ones' kernels, and move as a mean over the rest alone", async () => {
    const before = gpu.counters().pipelines;
    const numbers = Float32Array.from({ length: 7 * 64 }, (_, i) => Math.sin(i));
    using whole = Dataset.from(gpu, numbers.subarray(0, 4 * 64), [4, 64]);
    await means(whole, { epochs: 1, batch: 4 });
    const made = gpu.counters().pipelines;
    expect(made).toBeGreaterThan(before);
    using data = Dataset.from(gpu, numbers, [7, 64]);
    const { end } = await means(data, { epochs: 1, batch: 4, seed: 1 });
    expect(gpu.counters().pipelines - made).toBeLessThanOrEqual(1);
    const order = permutation(7, { seed: 1, stream: streamOf("order"), step: 0 });
    const w = new Float64Array(64);
    for (const rows of [order.slice(0, 4), order.slice(4)])
      for (let f = 0; f < 64; f++) {
        const slope = [...rows].reduce((s, r) => s + (2 * (w[f]! - numbers[r * 64 + f]!)) / (rows.length * 64), 0);
        w[f]! -= 0.1 * slope;
      }
    for (const [f, v] of end.entries()) expect(Math.abs(v - w[f]!)).toBeLessThan(1e-6);
  });
});

describe("optimisers", () => {
  it("give groups rates of their own, and refuse what a group does not know", async () => {
    const [a, b] = [gpu.state([1]), gpu.state([1])];
    const optimiser = sgd(gpu, [{ parameters: [a], learningRate: 0.5 }, { parameters: { b } }], { learningRate: 0.25 });
    const step = await gpu.compile(() => optimiser.update(grad(sum(a).add(sum(b)), [a, b])));
    await step.run();
    expect([await a.item(), await b.item()]).toEqual([0.5, 0.75]);
    expect(Object.keys(optimiser.moments)).toEqual(["momentum_buffer.0", "momentum_buffer.b"]);
    expect(await optimiser.ratesAt(0)).toEqual([0.5, 0.25]);
    expect(() => sgd(gpu, [{ parameters: [a], clipNorm: 1 } as never])).toThrow(/unknown option.*"clipNorm"/);
    expect(() => sgd(gpu, [{ parameters: [a] }, { parameters: [a] }])).toThrow(/one twice/);
    step.dispose();
    optimiser.dispose();
  });

  it("tell groups that share names apart, and refuse two states of one name", async () => {
    const [a, b] = [gpu.state([1]), gpu.state([2])];
    const groups = [{ parameters: { weight: a } }, { parameters: { weight: b }, learningRate: undefined }];
    const optimiser = sgd(gpu, groups as never, { learningRate: 0.5, momentum: 0.5 });
    expect(Object.keys(optimiser.moments)).toEqual(["momentum_buffer.0.weight", "momentum_buffer.1.weight"]);
    expect(await optimiser.ratesAt(0)).toEqual([0.5, 0.5]);
    using data = Dataset.from(gpu, Float32Array.of(1, 1), [2, 1]);
    const others = [sgd(gpu, { a }), sgd(gpu, { a })];
    const updates = [{ optimiser }, ...others.map((other) => ({ optimiser: other, loss: "second" }))];
    const objective = () => ({ loss: sum(a).add(sum(b)), second: sum(a) });
    const before = gpu.memory().bytes;
    await expect(
      train({ gpu, dataset: data, parameters: { a, b }, updates, objective }, { epochs: 1 }),
    ).rejects.toThrow('train: expected a name for each state; got "optimiser.second.momentum_buffer.a" twice.');
    expect(gpu.memory().bytes).toBe(before);
    for (const made of [optimiser, ...others]) made.dispose();
  });

  it("stand side by side in one step: both gradients are taken before either moves", async () => {
    using data = Dataset.from(gpu, Float32Array.of(1, 1), [2, 1]);
    const [a, b] = [gpu.state([2], [1, 1]), gpu.state([3], [1, 1])];
    const [first, second] = [sgd(gpu, { a }, { learningRate: 0.1 }), sgd(gpu, { b }, { learningRate: 0.1 })];
    const task = {
      gpu,
      dataset: data,
      parameters: { a, b },
      updates: [{ optimiser: first }, { optimiser: second, loss: "other" }],
      // each wants its own product small, by the other's value before the step
      objective: ({ x }: Batch) => ({ loss: mean(mul(mul(x, a), b)), other: mean(mul(mul(mul(x, a), b), -1)) }),
    };
    const { dispatches } = await train(task, { epochs: 1, batch: 2 });
    expect(await a.item()).toBeCloseTo(2 - 0.1 * 3, 6);
    expect(await b.item()).toBeCloseTo(3 + 0.1 * 2, 6);
    expect(dispatches).toBeGreaterThan(0);
    // a second loss that is no number stops both
    const broken = {
      ...task,
      objective: ({ x }: Batch) => ({ loss: mean(mul(x, a)), other: mean(mul(x.sub(2).log(), b)) }),
    };
    const before = [await a.item(), await b.item()];
    await expect(train(broken, { epochs: 1, batch: 2 })).rejects.toThrow(
      /other is NaN at step 0 \(epoch 0, learning rate 0.1\)/,
    );
    expect([await a.item(), await b.item()]).toEqual(before);
    first.dispose();
    second.dispose();
  });

  it("of an adversary move the discriminator alone by its loss, in the model's own step", async () => {
    using model = new FactorVAE(gpu, { ...small, discriminatorHidden: [8] });
    const before = parseSafetensors(await model.save()).tensors;
    const { history } = await model.fit(images, { epochs: 2, batch: 16, learningRate: 0 });
    const after = parseSafetensors(await model.save()).tensors;
    for (const [name, { data }] of after) {
      const same = [...(data as Float32Array)].every((v, i) => v === before.get(name)!.data[i]);
      // the fit's rate is 0, the discriminator's is its own
      expect([name, same]).toEqual([name, !name.startsWith("discriminator")]);
    }
    expect(Object.keys(history[0]!.terms!)).toEqual([
      "loss",
      "reconstruction",
      "kl",
      "totalCorrelation",
      "discriminatorLoss",
    ]);
    // a discriminator that knows nothing yet: log 2
    expect(Math.abs(history[0]!.terms!.discriminatorLoss! - Math.LN2)).toBeLessThan(0.2);
  });
});

describe("a training that runs", () => {
  const recipe = { epochs: 4, batch: 16, seed: 9, learningRate: 5e-3 };

  it("calls onEpoch after each epoch, and waits for it", async () => {
    using vae = new VAE(gpu, small);
    const seen: EpochEnd[] = [];
    const result = await vae.fit(images, {
      ...recipe,
      onEpoch: async (epoch) => {
        const [a, b] = [await values(vae.parameters["fc1.bias"]!), await values(vae.parameters["fc1.bias"]!)];
        expect(a).toEqual(b);
        seen.push(epoch);
      },
    });
    expect(seen.map(({ epoch, epochs, step }) => [epoch, epochs, step])).toEqual(
      [1, 2, 3, 4].map((e) => [e, 4, 4 * e]),
    );
    expect(seen.map(({ loss, terms }) => ({ loss, terms }))).toEqual(result.history);
    await expect(vae.fit(images, { onEpoch: 3 } as never)).rejects.toThrow(/onEpoch to be a function/);
  });

  it("pauses with its parameters still, can be read live, and ends with the bits of one that never paused", async () => {
    using plain = new VAE(gpu, small);
    await plain.fit(images, recipe);
    using vae = new VAE(gpu, small);
    const control = new TrainingControl();
    const steps: number[] = [];
    let paused: Promise<void> | undefined;
    const running = vae.fit(images, {
      ...recipe,
      control,
      onProgress: ({ step }) => {
        steps.push(step);
        if (step >= 5) paused ??= control.pause();
        void vae.parameters["fc1.bias"]!.read(); // live
      },
    });
    while (!paused) await new Promise((resolve) => setTimeout(resolve, 1));
    await paused;
    const reached = steps.length;
    const still = await vae.save();
    expect((await values(vae.sample(2))).every(Number.isFinite)).toBe(true);
    expect(await vae.save()).toEqual(still);
    expect(steps).toHaveLength(reached);
    control.resume();
    await running;
    expect(await vae.save()).toEqual(await plain.save());
    await control.pause(); // nothing runs
    control.resume();
  });
});

it("adam's groups of one model may differ in rate: a part of the arena is updated where it lies", async () => {
  const make = () => new VAE(gpu, { ...small, seed: 5 });
  using model = make();
  using same = make();
  const entries = Object.entries(model.parameters);
  const encoder = Object.fromEntries(entries.slice(0, 6));
  const decoder = Object.fromEntries(entries.slice(6));
  const optimiser = adam(gpu, [{ parameters: encoder }, { parameters: decoder, learningRate: 0 }], {
    learningRate: 1e-2,
  });
  const x = gpu.tensor(
    Float32Array.from(blobs(8), (v) => v / 255),
    [8, 1, 8, 8],
  );
  const step = await gpu.compile(() => optimiser.update(grad(model.terms(x).loss, optimiser.parameters)));
  await step.run();
  for (const [i, [name, tensor]] of entries.entries()) {
    const moved = String(await values(tensor)) !== String(await values(same.parameters[name]!));
    expect([name, moved]).toEqual([name, i < 6]);
  }
  // two ranges, each in place: nothing is copied back
  expect(step.explain()).not.toMatch(/assign/);
  expect(step.explain().match(/adam\.update/g)).toHaveLength(2);
  step.dispose();
  optimiser.dispose();
});
