import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FamilyReport, FamilyRow, SampleScores } from "../../src/app/family/row.ts";
import { binarized } from "../../src/app/family/context.ts";
import { activeUnits } from "../../src/app/family/codes.ts";
import { family as run } from "../../src/app/family/main.ts";
import { familyPresets, members } from "../../src/app/family/settings.ts";
import { storeIn } from "../../src/app/family/store.ts";
import { markdown } from "../../src/app/family/table.ts";
import * as family from "../../src/models/family/index.ts";

const scores = (frechet: number): SampleScores => ({
  frechet: { value: frechet, interval: [frechet - 1, frechet + 1] },
  kernelDistance: { value: 2 },
  precision: 0.5,
  recall: 0.25,
});

const row = (model: string, further: Partial<FamilyRow> = {}): FamilyRow => ({
  model,
  pixels: "binary",
  options: {},
  parameters: 10,
  seconds: 3,
  images: 100,
  epochs: 1,
  steps: 2,
  reconstruction: -90,
  terms: {},
  activeUnits: { value: 3, of: 4 },
  prior: scores(30),
  ...further,
});

const report: FamilyReport = {
  schema: 1,
  tool: "latentgpu",
  preset: "quick",
  seed: 1,
  adapter: "an adapter",
  software: true,
  settings: familyPresets.quick,
  features: { name: "digits-v1", checksum: "01234567", accuracy: 0.98 },
  baseline: scores(1),
  components: 10,
  rows: [
    row("VAE", { kl: 20, elbo: -110, mixture: scores(20) }),
    row("AutoEncoder", { mixture: scores(12) }),
    row("WAE", { pixels: "grey", note: "a note" }),
  ],
};

describe("the table of the family", () => {
  it("has a member for every model, each once, in both presets", () => {
    for (const settings of Object.values(familyPresets)) {
      const names = members(settings).map(({ name }) => name);
      expect([...names].sort()).toEqual(Object.keys(family).sort());
    }
  });

  it("names features with their checksum, ranks by the distance with a mixture, and says what is missing", () => {
    const text = markdown(report);
    expect(text).toContain("digits-v1 (01234567)");
    expect(text).toContain("a software adapter");
    expect(text).toContain("AutoEncoder 12.0, VAE 20.0.");
    expect(text).toContain("WAE: a note.");
    const [vae] = text.split("\n").filter((line) => line.startsWith("| VAE"));
    expect(vae).toBe(
      "| VAE | 3 | 90.0 | 20.0 | 110.0 | – | 3/4 | 30.0 ± 1.0 | 20.0 ± 1.0 | 2.0 | 2.0 | 50/25 | 50/25 | – | – |",
    );
  });

  it("counts a unit as active where its mean varies by more than 0.01", () => {
    expect(activeUnits(Float32Array.of(0, 0.5, 0.2, 0.5, 0.4, 0.5), 2)).toEqual({ value: 1, of: 2 });
  });

  it("keeps models under their key, and none whose writing broke off", () => {
    const folder = mkdtempSync(join(tmpdir(), "family-"));
    try {
      const store = storeIn(folder);
      expect(store.read("VAE")).toBeNull();
      const about = { key: "first", seconds: 1, steps: 2 };
      store.write("VAE", Uint8Array.of(1, 2), about);
      expect(store.read("VAE")).toEqual({ about, bytes: Buffer.from([1, 2]) });
      expect(() => store.write("VAE", {} as never, { ...about, key: "second" })).toThrow("data");
      expect(store.read("VAE")).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses models that there are none of, before anything is loaded", async () => {
    const told: string[] = [];
    const request = {
      preset: "quick",
      seed: 1,
      out: "none.json",
      store: "none",
      tell: (text: string) => told.push(text),
    };
    await expect(run({ ...request, preset: "quick", models: ["VAE", "Vae"] })).rejects.toThrow(
      /^family: unknown model. Expected some of AutoEncoder, .*; got Vae\.$/,
    );
    expect(told).toEqual([]);
  });

  it("draws black and white pixels with the grey level as probability", () => {
    const drawn = binarized(new Uint8Array(10_000).fill(64), 1);
    const share = drawn.filter((pixel) => pixel === 255).length / drawn.length;
    expect(Math.abs(share - 64 / 255)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 10_000));
    expect(drawn.every((pixel) => pixel === 0 || pixel === 255)).toBe(true);
    expect([...binarized(Uint8Array.of(0, 255), 3)]).toEqual([0, 255]);
  });
});
