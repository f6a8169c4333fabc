import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { thinned } from "../../src/app/page/train/curves.ts";
import { addressOf, defaultsOf, formIn, formOf, settingsOf, steeredValue } from "../../src/app/page/train/settings.ts";
import { Directions } from "../../src/app/train/directions.ts";
import { isCheckpoint, opened } from "../../src/app/train/file.ts";
import { type ImageSet, planes } from "../../src/app/train/images.ts";
import type { Answer } from "../../src/app/train/messages.ts";
import { pytorchLines } from "../../src/app/train/pytorch.ts";
import { Session } from "../../src/app/train/session.ts";
import { modelNames, models } from "../../src/app/familyModels.ts";
import { ownOptions, refusals, RUN, type TrainSettings } from "../../src/app/train/settings.ts";
import { Views } from "../../src/app/train/views.ts";
import { type Tensor, VAE } from "../../src/index.ts";
import type { Gpu } from "../../src/program/gpu.ts";
import { blobs } from "../oracles/blobs.ts";
import { openShared } from "../helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const image = [1, 28, 28] as const;
const settings = (further: Partial<TrainSettings>): TrainSettings => ({
  ...RUN,
  model: "VAE",
  options: {},
  ...further,
});

describe("what the form says", () => {
  it("is refused in words beside the option at fault, and by the model's own table", () => {
    expect(refusals(settings({ options: { latent: 10, beta: 4 } }), image)).toEqual({});
    expect(refusals(settings({ options: { latent: 0, beta: 4 } }), image)).toEqual({
      latent: "VAE: expected latent whole and > 0; got 0.",
    });
    expect(refusals(settings({ options: { beta: -1 }, batch: 0, learningRate: NaN }), image)).toEqual({
      beta: "VAE: expected beta as a number ≥ 0; got -1.",
      batch: "fit: expected batch as a whole number ≥ 1; got 0.",
      learningRate: "fit: expected learningRate ≥ 0; got NaN.",
    });
    expect(refusals(settings({ model: "CategoricalVAE", options: { latent: 7 } }), image)).toEqual({
      latent: "CategoricalVAE: expected latent 200, as the other options say; got 7.",
    });
    const both = refusals(settings({ options: { latent: 0, likelihood: "none" } }), image);
    expect(Object.keys(both)).toEqual([""]);
  });

  it("goes into the address and comes back, and blanks are the model's defaults", () => {
    const form = { model: "HVAE", latent: "12, 6", beta: "0.5", learningRate: "3e-3", seed: "" };
    expect(formIn(addressOf(form))).toEqual({ model: "HVAE", latent: "12, 6", beta: "0.5", learningRate: "3e-3" });
    const read = settingsOf(form);
    expect(read).toEqual(settings({ model: "HVAE", options: { latent: [12, 6], beta: 0.5 }, learningRate: 3e-3 }));
    expect(settingsOf(formOf(read))).toEqual(read);
    expect(defaultsOf({ model: "HVAE" })).toMatchObject({
      latent: "20,10",
      beta: "1",
      likelihood: "bernoulli",
      batch: "128",
    });
    expect(settingsOf({ model: "no such" }).model).toBe("VAE");
    const typed = settingsOf({ model: "VQVAE", ema: "true", codes: "32", decay: "0.9" });
    expect(typed.options).toEqual({ ema: true, codes: 32, decay: 0.9 });
  });

  it("acts while a model trains where it does something, and a blank acts as the default", () => {
    expect(steeredValue({ model: "VAE", beta: "4" }, "beta")).toBe(4);
    expect(steeredValue({ model: "VAE", beta: "" }, "beta")).toBe(1);
    expect(steeredValue({ model: "BetaVAE", beta: "9", type: "H" }, "beta")).toBe(9);
    expect(steeredValue({ model: "BetaVAE", type: "B" }, "beta")).toBeUndefined();
    expect(steeredValue({ model: "AutoEncoder" }, "beta")).toBeUndefined();
    expect(steeredValue({ model: "VAE", learningRate: "" }, "learningRate")).toBe(1e-3);
    expect(steeredValue({ model: "VAE", epochs: "2" }, "epochs")).toBeUndefined();
  });

  it("has every model of the family, each with defaults that it takes", () => {
    expect(modelNames).toHaveLength(25);
    for (const model of modelNames) expect(refusals(settings({ model }), image), model).toEqual({});
    expect(ownOptions("BetaVAE", image).map(([name]) => name)).toEqual([
      "type",
      "beta",
      "gamma",
      "maxCapacity",
      "capacitySteps",
    ]);
  });
});

test("a curve that is thinned keeps its newest point", () => {
  const steps = (count: number) => Array.from({ length: count }, (_, i) => i);
  expect(thinned(steps(400))).toEqual(steps(400));
  for (const count of [401, 402]) {
    const kept = thinned(steps(count));
    expect(kept.at(-1)).toBe(count - 1);
    expect(kept).toHaveLength(201);
  }
});

describe("images and codes", () => {
  it("of one's own become grey by luma, or planes of R, G and B", () => {
    const rgba = Uint8ClampedArray.of(255, 0, 0, 255, 0, 255, 0, 255, 10, 20, 30, 255);
    expect([...planes(rgba, 3)]).toEqual([255, 0, 10, 0, 255, 20, 0, 0, 30]);
    expect([...planes(rgba, 1)]).toEqual([76, 150, 18]);
  });

  it("lie on the two directions in which they vary most, which are followed without a jump", () => {
    const rows = 500;
    const sizes = [0.1, 3, 0.2, 1.5];
    const wave = (i: number, k: number) => Math.sin(12.9898 * (i + 1) * (k + 1)) * sizes[k]!;
    const codes = Float32Array.from({ length: 4 * rows }, (_, i) => 5 + wave(Math.floor(i / 4), i % 4));
    const directions = new Directions(4);
    let points = directions.points(codes, "principal");
    for (let i = 0; i < 5; i++) points = directions.points(codes, "principal");
    const variance = (k: number) => points.reduce((sum, value, i) => sum + (i % 2 === k ? value ** 2 : 0), 0) / rows;
    // of a sine of amplitude a, a²/2; samples of 500 are within a tenth
    expect(variance(0)).toBeGreaterThan(0.9 * 4.5);
    expect(variance(1)).toBeGreaterThan(0.9 * 1.125);
    expect(variance(1)).toBeLessThan(1.1 * 1.125 + 0.05);
    const again = directions.points(
      codes.map((value, i) => value * (i % 4 === 1 ? 1.02 : 1)),
      "principal",
    );
    const most = Math.max(...again.map((value, i) => Math.abs(value - points[i]!)));
    expect(most).toBeLessThan(0.2);
    expect([...directions.points(codes, "latents").subarray(0, 2)]).toEqual([codes[0], codes[1]]);
    expect([...new Directions(1).points(Float32Array.of(3, 4), "principal")]).toEqual([3, 0, 4, 0]);
  });
});

/** Blobs of 8 × 8 with made-up classes. */
function blobSet(count: number): ImageSet {
  const bytes = blobs(count);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  return { image: [1, 8, 8], train: bytes, test: bytes, labels: { train: labels, test: labels }, heldOut: false };
}

describe("a training that one watches", () => {
  it("shows the code of every image, block by block, whatever the last one holds", async () => {
    const set = blobSet(300);
    const session = new Session(gpu, settings({ options: { hidden: 24, latent: 3 } }), set, null);
    const views = new Views(gpu, session.model, set, 1);
    const x = gpu.tensor(
      Float32Array.from(set.test, (byte) => byte / 255),
      [300, 1, 8, 8],
    );
    const { mean } = session.model.encode(x) as { readonly mean: Tensor };
    const expected = (await mean.read()) as Float32Array;
    const found = await views.codes();
    expect(found).toHaveLength(900);
    // sums of 64 products near 1, in another order
    expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
    for (const one of [views, session]) one.dispose();
  });

  for (const [model, options, latent] of [
    ["VAE", { hidden: 24, latent: 3 }, 3],
    ["AutoEncoder", { hidden: 24, latent: 3 }, 3],
    ["ConditionalVAE", { hidden: 24, latent: 3 }, 3],
    ["VQVAE", { hidden: 24, positions: 2, dimension: 2, codes: 8 }, 4],
  ] as const)
    it(`of ${model} shows the same codes at every look, and its file brings back what was trained`, async () => {
      const set = blobSet(40);
      const given = settings({ model, options, epochs: 3, batch: 20 });
      const session = new Session(gpu, given, set, null);
      const views = new Views(gpu, session.model, set, 1);
      const look = async () =>
        Promise.all([views.samples(), views.reconstructions()].map(async (x) => String(await (await x).read())));
      const before = await look();
      const answers: Answer[] = [];
      await session.run(
        (answer) => answers.push(answer),
        () => {},
      );
      expect((await views.samples()).shape).toEqual([32, 1, 8, 8]);
      expect((await views.reconstructions()).shape).toEqual([8, 1, 8, 8]);
      expect(await views.codes()).toHaveLength(40 * latent);
      const after = await look();
      expect(after).toEqual(await look());
      for (const [i, one] of after.entries()) expect(one).not.toBe(before[i]);
      const file = await session.model.save();
      expect(isCheckpoint(file)).toBe(false);
      expect(opened(file)).toMatchObject({ settings: { model, seed: 1 }, image: [1, 8, 8], step: null });
      expect(answers.at(-1)).toMatchObject({ kind: "progress", step: 6, total: 6, eta: 0 });
      // the same from a file: its settings, and its parameters before any step
      const again = new Session(gpu, { ...opened(file).settings, epochs: 1 }, set, file);
      expect(await again.model.save()).toEqual(file);
      for (const one of [views, session, again]) one.dispose();
    });

  it("takes another β and learning rate at the next step, stops, and resumes where a checkpoint stands", async () => {
    const set = blobSet(400);
    const given = settings({ options: { hidden: 24, latent: 3, beta: 1 }, epochs: 30, batch: 100 });
    const session = new Session(gpu, given, set, null);
    let checkpoint: Uint8Array<ArrayBuffer> | undefined;
    const seen: { readonly [term: string]: number }[] = [];
    await session.pause();
    const running = session.run(
      (answer) => {
        if (answer.kind === "checkpoint") checkpoint = answer.bytes;
        if (answer.kind === "progress") seen.push(answer.terms);
      },
      () => {},
    );
    running.catch(() => {});
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await session.pause();
    const weightOf = ({ loss, reconstruction, kl }: (typeof seen)[number]) => (loss! + reconstruction!) / kl!;
    expect(weightOf(seen.at(-1)!)).toBeCloseTo(1, 1);
    session.steer({ beta: 40, learningRate: 2e-3 });
    await session.oneStep();
    expect(session.step).toBe(2);
    expect(weightOf(seen.at(-1)!)).toBeCloseTo(40, 1);
    session.resume();
    while (!checkpoint) await new Promise((resolve) => setTimeout(resolve, 1));
    await session.stop();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    const { settings: kept, step } = opened(checkpoint);
    expect(kept).toMatchObject({ model: "VAE", batch: 100, seed: 1, options: { beta: 40, latent: 3, hidden: [24] } });
    expect(step).toBe(100);
    const resumed = new Session(gpu, { ...kept, epochs: 26 }, set, checkpoint);
    const steps: number[] = [];
    await resumed.run(
      (answer) => answer.kind === "progress" && steps.push(answer.step),
      () => {},
    );
    expect(steps[0]).toBeGreaterThan(100);
    expect(steps.at(-1)).toBe(104);
    for (const one of [session, resumed]) one.dispose();
  });
});

describe("a training that one ends", () => {
  it("by an error rejects with it, and its file is of the step that it says, to the bit", async () => {
    const set = blobSet(400);
    const given = settings({ options: { hidden: 24, latent: 3 }, epochs: 200, batch: 20 });
    const session = new Session(gpu, given, set, null);
    const reason = new Error("a look failed");
    let saved: ReturnType<Session["save"]> | undefined;
    let stopped: Promise<void> | undefined;
    await expect(
      session.run(
        () => {},
        () => {
          if (session.step > 5) saved ??= session.save();
          if (session.step > 20) stopped ??= session.stop(reason);
        },
      ),
    ).rejects.toBe(reason);
    await stopped;
    const again = new Session(gpu, given, set, null);
    await again.pause();
    const running = again.run(() => {}, () => {}); // prettier-ignore
    running.catch(() => {});
    while (again.step === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const { bytes, step } of [await saved!, await session.save()]) {
      await again.pause();
      while (again.step < step) await again.oneStep();
      expect(await again.save()).toEqual({ bytes, step });
    }
    await again.stop();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    for (const one of [session, again]) one.dispose();
  });
});

describe("the lines of PyTorch", () => {
  interface Case {
    readonly name: string;
    readonly file: string;
    readonly lines: string;
    readonly x: number[][];
    readonly mean: number[][];
    readonly logVar: number[][];
    readonly decoded: number[][];
  }
  const cases = JSON.parse(readFileSync(new URL("../oracles/pytorch_lines.json", import.meta.url), "utf8")) as Case[];

  for (const { name, file, lines, x, ...expected } of cases)
    it(`of ${name} are those that PyTorch ran, on that file, to the same numbers`, async () => {
      const bytes = Uint8Array.from(Buffer.from(file, "base64"));
      expect(pytorchLines(bytes, name)).toBe(lines);
      using model = VAE.load(gpu, bytes);
      const { mean, logVar } = model.encode(gpu.tensor(x)) as unknown as {
        readonly mean: Tensor;
        readonly logVar: Tensor;
      };
      for (const [tensor, values] of [
        [mean, expected.mean],
        [logVar, expected.logVar],
        [model.decode(mean), expected.decoded],
      ] as const) {
        const found = (await tensor.read()) as Float32Array;
        const most = Math.max(...values.flat().map((value, i) => Math.abs(value - found[i]!)));
        // sums of up to 16 products near 1 in float32
        expect(most).toBeLessThan(2e-6);
      }
    });

  it("are of a file as it is saved today", async () => {
    const [{ file }] = cases as [Case];
    using model = new VAE(gpu, { image: [1, 4, 4], hidden: 6, latent: 2, seed: 3 });
    expect(Buffer.from(await model.save()).toString("base64")).toBe(file);
  });

  it("list what the file holds where the module is not a VAE of fully connected layers", async () => {
    using model = new models.WAE(gpu, { image: [1, 8, 8], encoder: "conv", hidden: [4], latent: 2 } as never);
    const lines = pytorchLines(await model.save(), "wae.safetensors");
    expect(lines).toContain('state = load_file("wae.safetensors")');
    for (const [name, { shape }] of Object.entries(model.parameters))
      expect(lines).toContain(`${name}  [${shape.join(", ")}]`);
  });
});
