import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BetaTCVAE,
  BetaVAE,
  CategoricalVAE,
  FactorVAE,
  HVAE,
  type LatentModel,
  TrainingControl,
  VAE,
  VampVAE,
} from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import { failure, openShared } from "./helpers.ts";
import { blobs, small } from "./oracles/blobs.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const images = blobs(48);
const batch = () =>
  gpu.tensor(
    Float32Array.from(images.subarray(0, 16 * 64), (v) => v / 255),
    [16, 1, 8, 8],
  );
const item = (terms: { readonly [name: string]: { item(): Promise<number> } }, name: string) => terms[name]!.item();

describe("a weight that is a state", () => {
  it("is refused by name where it is another gpu's, disposed, or no number that a file may hold", async () => {
    const other = await openNodeGpu();
    const foreign = await failure(() => new VAE(gpu, { ...small, beta: other.state(1) }));
    expect([foreign.code, foreign.message]).toEqual(["wrong-device", "VAE: beta is a tensor of another gpu."]);
    other.dispose();
    const gone = gpu.state(1);
    gone.dispose();
    expect((await failure(() => new VAE(gpu, { ...small, beta: gone }))).message).toContain(
      "beta is a tensor that is disposed",
    );
    const beta = gpu.state(1);
    using model = new VAE(gpu, { ...small, beta });
    for (const value of [-1, Number.NaN]) {
      beta.write(value);
      const { code, message } = await failure(() => model.save());
      expect([code, message]).toEqual(["numeric", `VAE.save: expected beta ≥ 0; its tensor holds ${value}.`]);
    }
  });

  const kinds = {
    VAE: { make: (beta: never) => new VAE(gpu, { ...small, beta }), term: "kl" },
    "BetaVAE H": { make: (beta: never) => new BetaVAE(gpu, { ...small, beta }), term: "kl" },
    BetaTCVAE: { make: (beta: never) => new BetaTCVAE(gpu, { ...small, beta }), term: "totalCorrelation" },
    CategoricalVAE: {
      make: (beta: never) => new CategoricalVAE(gpu, { image: small.image, variables: 2, classes: 3, beta }),
      term: "kl",
    },
    HVAE: { make: (beta: never) => new HVAE(gpu, { ...small, latent: [3, 2], beta }), term: "kl1 + kl2" },
  };
  for (const [name, { make, term }] of Object.entries(kinds))
    it(`of ${name} changes the loss between two runs by exactly its term, without another trace`, async () => {
      const beta = gpu.state(1.5);
      using model: LatentModel = make(beta as never);
      const x = batch();
      const step = await gpu.compile(() => model.terms(x, { seed: 3, count: 48 }));
      const run = async (): Promise<[loss: number, weighed: number]> => {
        const terms = (await step.run()) as Parameters<typeof item>[0];
        const parts = await Promise.all(term.split(" + ").map((one) => item(terms, one)));
        return [await item(terms, "loss"), parts.reduce((a, b) => a + b)];
      };
      const [before, weighed] = await run();
      beta.write(4);
      const [after, same] = await run();
      expect(same).toBe(weighed);
      // two roundings of a loss near 100
      expect(after - before).toBeCloseTo(2.5 * weighed, 4);
      expect(Math.abs(2.5 * weighed)).toBeGreaterThan(1e-4);
      expect(step.stats.traces).toBe(1);
      // and as with the number
      using plain: LatentModel = make(4 as never);
      expect(await item(plain.terms(x, { seed: 3, count: 48 }), "loss")).toBeCloseTo(after, 4);
      step.dispose();
      beta.dispose();
    });

  it("is in the elbo of VAE, and in files and checkpoints as the number that it is then", async () => {
    const beta = gpu.state(2);
    using model = new VAE(gpu, { ...small, beta });
    const x = batch();
    const { elbo, reconstruction, kl } = model.elbo(x, { seed: 1 });
    const [bound, log, cost] = await Promise.all([elbo, reconstruction, kl].map(async (t) => (await t.read())[0]!));
    expect(bound).toBeCloseTo(log! - 2 * cost!, 4);
    beta.write(0.5);
    const file = await model.save();
    using again = VAE.load(gpu, file);
    expect(again.options.beta).toBe(0.5);
    using steered = VAE.load(gpu, file, { beta });
    expect(steered.options.beta).toBe(beta);
    expect(await steered.save()).toEqual(file);
    const said: unknown[] = [];
    await model.fit(images, {
      epochs: 2,
      batch: 16,
      checkpoint: {
        save(bytes) {
          const { metadata } = parseSafetensors(bytes);
          said.push((JSON.parse(metadata.get("latentgpu.options")!) as { beta: unknown }).beta);
          beta.write(3);
        },
      },
    });
    expect(said).toEqual([0.5, 3]);
    beta.dispose();
  });

  it("is refused by name where it would do nothing, and where no weight is one", async () => {
    const state = gpu.state(1);
    const refused = {
      'BetaVAE: type "B" has no beta': () => new BetaVAE(gpu, { ...small, type: "B", beta: state }),
      "FactorVAE: expected gamma as a number ≥ 0; got Tensor": () =>
        new FactorVAE(gpu, { ...small, gamma: state as never }),
      "VAE: expected beta as a number ≥ 0; got -1": () => new VAE(gpu, { ...small, beta: -1 }),
      "VAE: expected beta as a number or a tensor f32 []; got Tensor f32 [1]": () =>
        new VAE(gpu, { ...small, beta: gpu.state([1]) }),
    };
    for (const [message, make] of Object.entries(refused)) {
      const error = await failure(make);
      expect(error.code).toBe("argument");
      expect(error.message).toContain(message);
    }
    state.dispose();
  });
});

describe("a training that is steered", () => {
  it("takes one step at a time over the ends of epochs, and ends with the bits of one that ran through", async () => {
    const recipe = { epochs: 2, batch: 16, seed: 2 };
    using plain = new VAE(gpu, small);
    await plain.fit(images, recipe);
    using model = new VAE(gpu, small);
    const control = new TrainingControl();
    const steps: number[] = [];
    await control.pause();
    const fitting = model.fit(images, { ...recipe, control, onProgress: ({ step }) => steps.push(step) });
    while (steps.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await control.pause();
    for (const reached of [1, 2, 3, 4, 5]) {
      expect(steps.at(-1)).toBe(reached);
      expect(control.paused).toBe(true);
      await control.step();
    }
    control.resume();
    await fitting;
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await model.save()).toEqual(await plain.save());
    await control.step(); // nothing runs
  });

  it("makes as many steps as are asked for, also where the next is asked for before the last is done", async () => {
    using model = new VAE(gpu, small);
    const control = new TrainingControl();
    let reached = 0;
    await control.pause();
    const fitting = model.fit(images, { epochs: 4, batch: 16, control, onProgress: ({ step }) => (reached = step) });
    while (reached === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await control.pause();
    expect(reached).toBe(1);
    await Promise.all([control.step(), control.step()]);
    expect(reached).toBe(3);
    const first = control.step();
    await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([first, control.step(), control.step()]);
    expect(reached).toBe(6);
    await control.pause();
    expect(reached).toBe(6);
    control.resume();
    await fitting;
    expect(reached).toBe(12);
  });

  it("by a learning rate that is a state moves at the new rate from the next step on, and the state outlives a fault", async () => {
    const rate = gpu.state(0);
    using model = new VAE(gpu, small);
    const before = await model.save();
    const fit = (options: object = {}) =>
      model.fit(images, { epochs: 1, batch: 16, learningRate: () => rate, ...options });
    await fit();
    expect(await model.save()).toEqual(before);
    const moved: boolean[] = [];
    const weight = () => model.parameters["fc1.weight"]!.read();
    const first = String(await weight());
    await fit({
      epochs: 2,
      onEpoch: async () => {
        moved.push(String(await weight()) !== first);
        rate.write(1e-3);
      },
    });
    expect(moved).toEqual([false, true]);
    rate.write(1e30);
    const error = await failure(() => fit({ epochs: 3 }));
    expect(error.code).toBe("numeric");
    expect(error.message).toContain("learning rate 1");
    expect(await rate.item()).toBeCloseTo(1e30, -25);
    rate.dispose();
  });
});

describe("a warm-up", () => {
  const kinds = {
    VAE: { make: (warmup: number) => new VAE(gpu, { ...small, beta: 2, warmup }), terms: ["kl"] },
    CategoricalVAE: {
      make: (warmup: number) =>
        new CategoricalVAE(gpu, { image: small.image, variables: 2, classes: 3, beta: 2, warmup }),
      terms: ["kl"],
    },
    HVAE: {
      make: (warmup: number) => new HVAE(gpu, { ...small, latent: [3, 2], beta: 2, warmup }),
      terms: ["kl1", "kl2"],
    },
    VampVAE: {
      make: (warmup: number) => new VampVAE(gpu, { ...small, components: 5, beta: 2, warmup }),
      terms: ["kl"],
    },
  };
  for (const [name, { make, terms }] of Object.entries(kinds))
    it(`of ${name} lets its divergence into the loss in proportion to the step`, async () => {
      using model: LatentModel = make(4);
      const x = batch();
      for (const [step, share] of [[0, 0], [1, 0.25], [3, 0.75], [4, 1], [9, 1]] as const) {
        const found = model.terms(x, { seed: 3, count: 48, step });
        const [loss, reconstruction] = [await item(found, "loss"), await item(found, "reconstruction")];
        const parts = await Promise.all(terms.map((one) => item(found, one)));
        const kl = parts.reduce((a, b) => a + b);
        expect(Math.abs(kl)).toBeGreaterThan(1e-4);
        expect(loss).toBeCloseTo(2 * share * kl - reconstruction, 4);
      }
    }); // prettier-ignore
});
