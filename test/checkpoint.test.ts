import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseSafetensors, writeSafetensors } from "../src/formats/safetensors.ts";
import type { Safetensor } from "../src/formats/safetensors.ts";
import { add, greaterEqual, mul, type Tensor } from "../src/index.ts";
import { VAE } from "../src/models/family/vae.ts";
import { writeFileWhole } from "../src/nn/checkpoint-node.ts";
import { CHECKSUM, checksumOf } from "../src/nn/checksum.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { failure, openShared } from "./helpers.ts";
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
  gpu = await openShared();
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
  await expect(resume(writeSafetensors(without, metadata))).rejects.toThrow(/damaged, or was changed/);
  await expect(resume(signed(without, metadata))).rejects.toThrow(/no tensor "fc3.bias"/);
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

/** A checkpoint with the checksum of what it now holds. */
function signed(tensors: Iterable<readonly [string, Safetensor]>, metadata: Iterable<readonly [string, string]>) {
  const [held, notes] = [[...tensors], new Map(metadata)];
  return writeSafetensors(held, notes.set(CHECKSUM, checksumOf(held, notes)));
}

it("is refused when one bit of it differs, wherever that is", async () => {
  using vae = new VAE(gpu, small);
  const good = saved.get(6)!;
  const header = 8 + Number(new DataView(good.buffer, good.byteOffset).getBigUint64(0, true));
  // all of the header's kinds of bytes, and values all over the payload
  const places = [
    ...Array.from({ length: 60 }, (_, i) => 8 + Math.floor(((header - 8) * i) / 60)),
    ...Array.from({ length: 60 }, (_, i) => header + Math.floor(((good.length - header) * i) / 60)),
  ];
  for (const [i, at] of places.entries()) {
    const bad = good.slice();
    bad[at]! ^= 1 << (i % 8);
    const error = await failure(() => vae.fit(images, { ...recipe, resume: bad }));
    expect(["format", "data", "unsupported", "limit"], `byte ${at}, bit ${i % 8}: ${error.message}`).toContain(
      error.code,
    );
    if (at >= header) await failure(async () => VAE.load(gpu, bad));
  }
});

it("is refused when its counters disagree, even under a right checksum", async () => {
  using vae = new VAE(gpu, small);
  const { tensors, metadata } = parseSafetensors(saved.get(6)!);
  const position = JSON.parse(metadata.get("latentgpu.training")!) as Record<string, unknown>;
  const changed = (part: object) =>
    signed(tensors, new Map(metadata).set("latentgpu.training", JSON.stringify({ ...position, ...part })));
  expect(await failure(() => vae.fit(images, { ...recipe, epochs: 1, resume: changed({ history: 5 }) }))).toMatchObject(
    { code: "format" },
  );
  for (const part of [
    { epoch: 0 },
    { epoch: 2 },
    { step: 7 },
    { step: 3 },
    { stepInEpoch: 1 },
    { stepInEpoch: 99 },
    { epoch: 0, stepInEpoch: 6 },
    { history: [] },
    { epoch: -1 },
    { batch: 0 },
  ])
    expect(
      await failure(() => vae.fit(images, { ...recipe, resume: changed(part) })),
      JSON.stringify(part),
    ).toMatchObject({ code: "format" });
  const negative = [...tensors].map(([name, t]): [string, Safetensor] =>
    name === "optimiser.exp_avg_sq.fc1.bias"
      ? [name, { ...t, data: new Float32Array(t.data.length).fill(-1) }]
      : [name, t],
  );
  expect((await failure(() => vae.fit(images, { ...recipe, resume: signed(negative, metadata) }))).message).toMatch(
    /average of squares/,
  );
});

it("an update that overflows rejects, and leaves the parameters of the step before", async () => {
  // the rate of the last step alone is absurd: no loss of a later step could tell
  for (const [steps, fatal] of [
    [4, 3],
    [4, 1],
    [1, 0],
  ] as const) {
    using vae = new VAE(gpu, small);
    using same = new VAE(gpu, small);
    const rate = (from: number) => (step: Tensor) => add(1e-3, mul(greaterEqual(step, from), 3e38));
    const options = { epochs: 1, batch: 50 / steps, seed: 2 };
    const data = blobs(50);
    const error = await failure(() =>
      vae.fit(data, { ...options, batch: Math.ceil(50 / steps), learningRate: rate(fatal) }),
    );
    expect(error.code).toBe("numeric");
    expect(error.message).toMatch(new RegExp(`the update of step ${fatal} overflows \\(epoch 0`));
    const kept: Uint8Array[] = [];
    if (fatal > 0)
      await same.fit(data, {
        ...options,
        batch: Math.ceil(50 / steps),
        learningRate: 1e-3,
        checkpoint: { everySteps: fatal, save: (bytes) => void kept.push(bytes) },
      });
    const expected = fatal > 0 ? VAE.load(gpu, kept[0]!) : same;
    expect(await vae.save()).toEqual(await expected.save());
    expected.dispose();
  }
});

it("of two hundred writers at a time one stays, whole, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latentgpu-"));
  try {
    const path = join(folder, "a.safetensors");
    await writeFileWhole(path, new Uint8Array(100_000));
    const writing = Array.from({ length: 200 }, (_, i) => writeFileWhole(path, new Uint8Array(100_000).fill(i)));
    let reading = true;
    const reader = (async () => {
      while (reading) {
        const bytes = await readFile(path);
        expect(bytes.length).toBe(100_000);
        expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
      }
    })();
    await Promise.all(writing);
    reading = false;
    await reader;
    expect(readdirSync(folder)).toEqual(["a.safetensors"]);
    await expect(writeFileWhole(folder, Uint8Array.of(1))).rejects.toThrow();
    await expect(writeFileWhole(join(folder, "none", "a"), Uint8Array.of(1))).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["a.safetensors"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
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
