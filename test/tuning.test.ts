import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { browserTuning, type Gpu, matmul, sum, type Tensor, type TuningStore } from "../src/index.ts";
import { fileTuning, openNodeGpu } from "../src/node.ts";
import { ENGINE } from "../src/program/tuning.ts";
import { failure, ramp } from "./helpers.ts";

let gpu: Gpu;
beforeEach(async () => {
  gpu = await openNodeGpu();
});
afterEach(() => gpu.dispose());

/** A store in memory, with what it was asked. */
function memory(texts = new Map<string, string>()) {
  const store: TuningStore = {
    load: async (key) => texts.get(key) ?? null,
    save: async (key, text) => void texts.set(key, text),
  };
  return { store, texts };
}

const table = (choices: { [name: string]: string }, on = gpu) => ({ ...on.tuning.export(), choices });

describe("choices", () => {
  const name = "matmul a·b 1×64×64×64 aligned";

  it("decide the kernel of programs and eager runs, and only when asked for", async () => {
    const x = ramp(gpu, 64, 64);
    const kernelOf = async () => /matmul_\w+/.exec((await gpu.compile(matmul, x, x)).explain())![0];
    const standard = await kernelOf();
    const bits = [...(await matmul(x, x).read())];
    expect(gpu.tuning.choices.size).toBe(0);
    for (const [variant, kernel] of [
      ["naive", "matmul_naive"],
      ["registerTiled", "matmul_register_tiled"],
    ] as const) {
      gpu.tuning.import(table({ [name]: variant }));
      expect(await kernelOf()).toBe(kernel);
      const created = gpu.counters().pipelines;
      const values = await matmul(x, x).read();
      expect(gpu.counters().pipelines, "the program's pipeline serves").toBe(created);
      for (const [i, v] of bits.entries()) expect(Math.abs(values[i]! - v)).toBeLessThanOrEqual(1e-5 * v);
    }
    gpu.tuning.import(table({}));
    expect(await kernelOf()).toBe(standard);
    expect([...(await matmul(x, x).read())]).toEqual(bits);
  });

  it("that a shape does not admit are passed over", async () => {
    const plain = await openNodeGpu({ defaultLimits: true });
    const x = ramp(plain, 64, 64);
    plain.tuning.import(table({ [name]: "quadSwap" }, plain));
    expect((await plain.compile(matmul, x, x)).explain()).toContain("matmul_register_tiled");
    plain.dispose();
  });

  it("go out and in as plain JSON", async () => {
    const choices = { [name]: "registerTiled", "reduce rows 128×64": "rows" };
    gpu.tuning.import(table(choices));
    const text = JSON.stringify(gpu.tuning.export());
    const other = await openNodeGpu();
    other.tuning.import(JSON.parse(text));
    expect(Object.fromEntries(other.tuning.choices)).toEqual(choices);
    expect(JSON.stringify(other.tuning.export())).toBe(text);
    other.dispose();
  });

  it("of damaged or foreign tables are refused whole", async () => {
    gpu.tuning.import(table({ [name]: "registerTiled" }));
    const good = gpu.tuning.export();
    const { engine: _, ...without } = good.device;
    const refusals: readonly [table: unknown, code: string, message: string][] = [
      [null, "format", 'tuning.import: expected a table { format, device, choices } as an object; got "null".'],
      [[good], "format", "as an object"],
      [{ ...good, extra: 1 }, "format", 'got "format, device, choices, extra".'],
      [{ format: good.format, device: good.device }, "format", 'got "format, device".'],
      [{ ...good, format: "latentgpu tuning 2" }, "format", 'got "latentgpu tuning 2".'],
      [{ ...good, device: without }, "format", "expected device with engine, vendor"],
      [{ ...good, choices: [] }, "format", "expected choices as an object"],
      [
        { ...good, choices: { good: "tiled64x64", bad: 3 } },
        "format",
        'expected a kernel\'s name for "bad"; got number.',
      ],
      [{ ...good, device: { ...good.device, vendor: "acme" } }, "wrong-device", 'got "acme". Tune again'],
      [{ ...good, device: { ...good.device, engine: "0.0.1" } }, "wrong-device", "engine differs"],
      [{ ...good, device: { ...good.device, description: 7 } }, "wrong-device", "description differs"],
    ];
    for (const [bad, code, message] of refusals) {
      const error = await failure(() => gpu.tuning.import(bad));
      expect(error.message).toContain(message);
      expect(error.code, message).toBe(code);
      expect(Object.fromEntries(gpu.tuning.choices)).toEqual({ [name]: "registerTiled" });
    }
  });

  it("belong to the version that package.json states", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(ENGINE).toBe(version);
  });
});

describe("a store", () => {
  const tuned = (on: Gpu, store: TuningStore) => on.tune(sum_, [ramp(on, 200, 40)], { store });
  const sum_ = (x: Tensor) => sum(x, 1);

  it("spares the next device the measuring", async () => {
    const { store, texts } = memory();
    const first = await tuned(gpu, store);
    expect(first.measured).toHaveLength(1);
    expect(texts.size).toBe(1);
    const other = await openNodeGpu();
    expect(await tuned(other, store)).toEqual({ measured: [], loaded: 1, storeError: null });
    expect([...other.tuning.choices]).toEqual([...gpu.tuning.choices]);
    other.dispose();
  });

  it("with a damaged or foreign table is overwritten, and the report says so", async () => {
    for (const [text, code] of [
      ["{ not JSON", "format"],
      [JSON.stringify({ ...gpu.tuning.export(), choices: null }), "format"],
      [JSON.stringify(table({})).replace(ENGINE, "9.9.9"), "wrong-device"],
    ] as const) {
      const texts = new Map([[gpu.tuning.key, text]]);
      const { measured, loaded, storeError } = await tuned(gpu, memory(texts).store);
      expect({ classes: measured.length, loaded, code: storeError?.code }).toEqual({ classes: 1, loaded: 0, code });
      expect(JSON.parse(texts.get(gpu.tuning.key)!)).toEqual(gpu.tuning.export());
      gpu.tuning.import(table({}));
    }
  });

  it("that throws costs only the memory of it", async () => {
    const full: TuningStore = {
      load: () => Promise.reject(new Error("no access")),
      save: () => Promise.reject(new Error("quota exceeded")),
    };
    const { measured, storeError } = await tuned(gpu, full);
    expect(measured).toHaveLength(1);
    expect(storeError?.message).toBe("tune: the store gave up. Error: quota exceeded");
    expect(gpu.tuning.choices.size).toBe(1);
    const inNode = await gpu.tune(sum_, [ramp(gpu, 20, 400)], { store: browserTuning() });
    expect(inNode.storeError).toMatchObject({ code: "unsupported" });
  });

  it("of files keeps one whole file per device", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latentgpu-tune-"));
    try {
      const store = fileTuning(join(folder, "new"));
      expect(await store.load("a")).toBeNull();
      await tuned(gpu, store);
      const [file, ...others] = await readdir(join(folder, "new"));
      expect(others).toEqual([]);
      expect(file).toMatch(/^tuning-[0-9a-f]+\.json$/);
      expect(JSON.parse((await store.load(gpu.tuning.key))!)).toEqual(gpu.tuning.export());
      await writeFile(join(folder, "blocked"), "");
      expect(await failure(() => fileTuning(join(folder, "blocked")).save("a", ""))).toMatchObject({ code: "data" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
