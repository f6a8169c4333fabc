import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Dataset } from "../src/data/dataset.ts";
import { AutoEncoder } from "../src/models/family/autoEncoder.ts";
import { VAE } from "../src/models/family/vae.ts";
import type { Progress } from "../src/nn/options.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { blobs, small } from "./oracles/blobs.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const images = blobs(50);
const recipe = { epochs: 3, batch: 16, seed: 9, learningRate: 5e-3 };

async function trained(
  options: object = {},
  on = gpu,
): Promise<{ bytes: Uint8Array; result: Awaited<ReturnType<VAE["fit"]>> }> {
  using vae = new VAE(on, small);
  const result = await vae.fit(images, { ...recipe, ...options });
  return { bytes: await vae.save(), result };
}

describe("training", () => {
  let memory: ReturnType<Gpu["memory"]>;
  afterEach(() => {
    const { buffers, bytes } = gpu.memory();
    if (memory) expect({ buffers, bytes }).toEqual({ buffers: memory.buffers, bytes: memory.bytes });
  });

  it("lowers the loss, reports progress, and frees what it took", async () => {
    memory = gpu.memory();
    const reports: Progress[] = [];
    const { result } = await trained({ epochs: 8, onProgress: (p: Progress) => reports.push(p) });
    expect(result.history).toHaveLength(8);
    expect(result.steps).toBe(8 * 4);
    expect(result.history.at(-1)!.loss).toBeLessThan(0.8 * result.history[0]!.loss);
    expect(reports.at(-1)).toMatchObject({ step: 32, total: 32, eta: 0 });
    expect(reports.every((r, i) => i === 0 || r.step >= reports[i - 1]!.step)).toBe(true);
  });

  it("takes at most 24 dispatches a step", async () =>
    expect((await trained({ epochs: 1 })).result.dispatches).toBeLessThanOrEqual(24));

  it("gives the same bits for the same seed, and others for another", async () => {
    const [first, second, other] = [await trained(), await trained(), await trained({ seed: 10 })];
    expect(second.bytes).toEqual(first.bytes);
    expect(second.result).toEqual(first.result);
    expect(other.bytes).not.toEqual(first.bytes);
  });

  it("does not depend on whether data come as bytes, a tensor or a data set", async () => {
    const { bytes } = await trained();
    using tensor = gpu.tensor(images, [50, 1, 8, 8]);
    using dataset = Dataset.from(gpu, images, [50, 8, 8]);
    using fromTensor = new VAE(gpu, small);
    using fromDataset = new VAE(gpu, small);
    await fromTensor.fit(tensor, recipe);
    await fromDataset.fit(dataset, recipe);
    expect(await fromTensor.save()).toEqual(bytes);
    expect(await fromDataset.save()).toEqual(bytes);
  });

  it("weights the last, smaller batch by its samples", async () => {
    // the rate is 0, so every step sees the same parameters: the epoch's mean is that of all samples
    using model = new AutoEncoder(gpu, small);
    const whole = await model.fit(images, { epochs: 1, batch: 50, learningRate: 0 });
    const parts = await model.fit(images, { epochs: 1, batch: 16, learningRate: 0 });
    expect(parts.history[0]!.loss).toBeCloseTo(whole.history[0]!.loss, 4);
    expect(parts.steps).toBe(4);
  });

  it("measures validation images after every epoch, always with the same draws", async () => {
    using vae = new VAE(gpu, small);
    const { history } = await vae.fit(images, { epochs: 2, batch: 16, learningRate: 0, validation: blobs(20) });
    expect(history[0]!.validation).toBe(history[1]!.validation);
    expect(history[0]!.validation).toBeGreaterThan(0);
  });

  it("stops early, and puts the best parameters back", async () => {
    const saved = new Map<number, Uint8Array>();
    using vae = new VAE(gpu, small);
    const validation = blobs(20);
    const { stopped, bestEpoch, history } = await vae.fit(images, {
      ...recipe,
      epochs: 40,
      learningRate: 0.3,
      validation,
      earlyStopping: { patience: 2 },
      checkpoint: { save: (bytes, { epoch }) => void saved.set(epoch, bytes) },
    });
    expect(stopped).toBe(true);
    expect(history).toHaveLength(bestEpoch! + 3);
    using then = VAE.load(gpu, saved.get(bestEpoch! + 1)!);
    expect(await vae.save()).toEqual(await then.save());
    // a run that goes on from its last checkpoint is over as well
    using again = new VAE(gpu, small);
    const last = saved.get(history.length)!;
    const resumed = await again.fit(images, {
      ...recipe,
      epochs: 40,
      learningRate: 0.3,
      validation,
      earlyStopping: { patience: 2 },
      resume: last,
    });
    expect([resumed.stopped, resumed.steps, resumed.history.length]).toEqual([
      true,
      ((bestEpoch! + 3) * resumed.steps) / history.length,
      history.length,
    ]);
    expect(await again.save()).toEqual(await vae.save());
  });
});

describe("an abort", () => {
  it("before the start rejects with the signal's reason, and touches nothing", async () => {
    using vae = new VAE(gpu, small);
    const memory = gpu.memory();
    await expect(vae.fit(images, { ...recipe, signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    expect(gpu.memory()).toEqual(memory);
  });

  it("during training rejects before another step is told, keeps the model usable, and frees what was taken", async () => {
    using vae = new VAE(gpu, small);
    const { buffers, bytes } = gpu.memory();
    const stop = new AbortController();
    let late = 0;
    const running = vae.fit(images, {
      ...recipe,
      epochs: 10_000,
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (stop.signal.aborted) late++;
        else if (step >= 20) queueMicrotask(() => stop.abort(new Error("enough")));
      },
    });
    await expect(running).rejects.toThrow("enough");
    expect(late).toBe(0);
    expect(gpu.memory()).toMatchObject({ buffers, bytes });
    expect((await vae.sample(2).read()).every(Number.isFinite)).toBe(true);
    await vae.fit(images, { ...recipe, epochs: 1 });
  });

  it("after the end changes nothing", async () => {
    const stop = new AbortController();
    const { bytes } = await trained({ signal: stop.signal });
    stop.abort();
    expect((await trained()).bytes).toEqual(bytes);
  });
});

describe("faults", () => {
  it("a loss that leaves the finite numbers is named with its step and rate, and the last finite parameters stay", async () => {
    using vae = new VAE(gpu, { ...small, likelihood: "gaussian" });
    const attempt = vae.fit(images, { ...recipe, epochs: 50, learningRate: 1e30 });
    await expect(attempt).rejects.toMatchObject({ code: "numeric" });
    await expect(attempt).rejects.toThrow(/loss is .* at step \d+ \(epoch \d+, learning rate 1e\+30\)/);
    // save refuses nothing, load refuses what is not finite
    VAE.load(gpu, await vae.save()).dispose();
  });

  it("data that are not finite are refused by row and feature, before anything is trained", async () => {
    using vae = new VAE(gpu, small);
    const bad = Float32Array.from(images, (v) => v / 255);
    bad[17 * 64 + 3] = Number.NaN;
    await expect(vae.fit(bad)).rejects.toThrow(/row 17, feature 3 is NaN/);
    using tensor = gpu.tensor(bad, [50, 64]);
    await expect(vae.fit(tensor)).rejects.toThrow(/row 17, feature 3 is NaN/);
    await expect(vae.fit(Float32Array.from(images))).rejects.toThrow(/out of range.*0 to 1; got 0 to 255/);
    await expect(vae.fit(new Uint8Array(0))).rejects.toThrow(/at least one image/);
    await expect(vae.fit(new Uint8Array(65))).rejects.toThrow(/multiple of 64/);
  });

  it("options are checked by name", async () => {
    using vae = new VAE(gpu, small);
    await expect(vae.fit(images, { epoch: 3 } as object)).rejects.toThrow(/unknown option.*"epoch"/);
    await expect(vae.fit(images, { epochs: 0 })).rejects.toThrow(/expected epochs as a whole number ≥ 1; got 0/);
    await expect(vae.fit(images, { batch: 1.5 })).rejects.toThrow(/batch/);
    await expect(vae.fit(images, { earlyStopping: { patience: 1 } })).rejects.toThrow(/needs a validation set/);
  });

  it("a second fit of the same model is refused while the first runs", async () => {
    using vae = new VAE(gpu, small);
    const first = vae.fit(images, recipe);
    await expect(vae.fit(images, recipe)).rejects.toMatchObject({ code: "busy" });
    await first;
  });
});
