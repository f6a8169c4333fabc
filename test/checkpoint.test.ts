import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseSafetensors, writeSafetensors } from "../src/formats/safetensors.ts";
import { VAE } from "../src/models/vae.ts";
import { writeFileWhole } from "../src/nn/checkpoint-node.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { blobs, small } from "./oracles/blobs.ts";

let gpu: Gpu;
const images = blobs(50);
const recipe = {
  epochs: 3,
  batch: 16,
  seed: 9,
  learningRate: 5e-3,
  validation: blobs(20),
  earlyStopping: { patience: 2 },
};
const saved = new Map<number, Uint8Array<ArrayBuffer>>();
let uninterrupted: Uint8Array;

beforeAll(async () => {
  gpu = await openNodeGpu();
  using vae = new VAE(gpu, small);
  await vae.fit(images, {
    ...recipe,
    checkpoint: { everySteps: 3, save: (bytes, { step }) => void saved.set(step, bytes) },
  });
  uninterrupted = await vae.save();
});
afterAll(() => gpu.dispose());

it("comes every so many steps", () => expect([...saved.keys()]).toEqual([3, 6, 9, 12]));

it("goes on to the same bits, from within an epoch and from its end", async () => {
  for (const step of [3, 6, 12]) {
    // another seed of weights: everything must come from the file
    using vae = new VAE(gpu, { ...small, seed: 1 });
    const { history } = await vae.fit(images, { ...recipe, resume: saved.get(step)! });
    const { tensors } = parseSafetensors(await vae.save());
    expect([...tensors]).toEqual([...parseSafetensors(uninterrupted).tensors]);
    expect(history).toHaveLength(3);
  }
});

it("goes on after the loss of the device, on a new one", async () => {
  const lost = await openNodeGpu();
  const vae = new VAE(lost, small);
  let last: Uint8Array<ArrayBuffer> | undefined;
  const running = vae.fit(images, {
    ...recipe,
    checkpoint: {
      everySteps: 1,
      save(bytes, { step }) {
        last = bytes;
        if (step === 5) lost.device.destroy();
      },
    },
  });
  await expect(running).rejects.toMatchObject({ code: "device-lost" });
  using again = VAE.load(gpu, last!);
  await again.fit(images, { ...recipe, resume: last! });
  expect(await again.save()).toEqual(uninterrupted);
});

it("holds PyTorch's names, the moments and the counters", () => {
  const { tensors, metadata } = parseSafetensors(saved.get(6)!);
  expect([...tensors.keys()].sort().filter((name) => /fc21|clock/.test(name))).toEqual([
    "best.fc21.bias",
    "best.fc21.weight",
    "fc21.bias",
    "fc21.weight",
    "optimiser.clock",
    "optimiser.exp_avg.fc21.bias",
    "optimiser.exp_avg.fc21.weight",
    "optimiser.exp_avg_sq.fc21.bias",
    "optimiser.exp_avg_sq.fc21.weight",
  ]);
  expect(JSON.parse(metadata.get("latentgpu.training")!)).toMatchObject({
    epoch: 1,
    stepInEpoch: 2,
    step: 6,
    seed: 9,
    batch: 16,
    count: 50,
  });
});

it("is refused when it is of another run, another model or broken, and changes nothing", async () => {
  using vae = new VAE(gpu, small);
  const before = await vae.save();
  const resume = (bytes: Uint8Array, options = {}) => vae.fit(images, { ...recipe, ...options, resume: bytes });
  const good = saved.get(3)!;
  await expect(resume(good, { seed: 8 })).rejects.toThrow(/seed differs.*Expected 9; got 8/);
  await expect(resume(good, { batch: 8 })).rejects.toThrow(/batch differs/);
  await expect(resume(good.subarray(0, good.length - 4))).rejects.toMatchObject({ code: "format" });
  await expect(resume(await vae.save())).rejects.toThrow(/no checkpoint/);
  const { tensors, metadata } = parseSafetensors(good);
  const without = [...tensors].filter(([name]) => name !== "fc3.bias");
  await expect(resume(writeSafetensors(without, metadata))).rejects.toThrow(/no tensor "fc3.bias"/);
  const poisoned = [...tensors].map(([name, t]): [string, typeof t] =>
    name === "fc1.bias" ? [name, { ...t, data: new Float32Array(24).fill(Number.NaN) }] : [name, t],
  );
  await expect(resume(writeSafetensors(poisoned, metadata))).rejects.toMatchObject({ code: "data" });
  await expect(
    resume(writeSafetensors(tensors, { ...Object.fromEntries(metadata), "latentgpu.training": "{" })),
  ).rejects.toThrow(/not JSON/);
  await expect(resume(writeSafetensors(tensors, { "latentgpu.training": "{}" }))).rejects.toThrow(/lacks numbers/);
  using other = new VAE(gpu, { ...small, hidden: 25 });
  await expect(other.fit(images, { ...recipe, resume: good })).rejects.toThrow(
    /"fc1.weight" differs. Expected F32 \[25, 64\]; got F32 \[24, 64\]/,
  );
  expect(await vae.save()).toEqual(before);
});

it("is written to disk whole", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latentgpu-"));
  try {
    const path = join(folder, "a.safetensors");
    await writeFileWhole(path, Uint8Array.of(1, 2, 3));
    await writeFileWhole(path, Uint8Array.of(4));
    expect([...readFileSync(path)]).toEqual([4]);
    expect(readdirSync(folder)).toEqual(["a.safetensors"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
