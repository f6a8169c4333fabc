import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseExamples } from "../../src/app/page/modelFiles.ts";
import { SCORES, SETTINGS } from "../../src/app/studio/main.ts";
import { scoresOf, type StudioScores } from "../../src/app/studio/scores.ts";
import { studioSettings } from "../../src/app/studio/settings.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { Gaussian, GaussianMixture, type Gpu, VAE } from "../../src/index.ts";
import { loadMnistNode } from "../../src/node.ts";
import { openShared } from "../helpers.ts";

const folder = "src/app/studio/models";
const bytesOf = (name: string) => Uint8Array.from(readFileSync(`${folder}/${name}`));
/** Of the committed files: a model that is trained anew changes its line here. */
const CHECKSUMS: { readonly [file: string]: string } = {
  "digits.png": "d3448ff4bbb11be5",
  "examples.safetensors": "596412cac72e0ee1",
  "gaussian.safetensors": "d5ec0467ccc8562a",
  "mixture.safetensors": "4fa98ceee3040a02",
  "vae.safetensors": "a26ab35f32453218",
};

describe("the models of the page", () => {
  let gpu: Gpu;
  let test: Uint8Array;
  beforeAll(async () => {
    gpu = await openShared();
    test = (await loadMnistNode()).test.images;
  });
  afterAll(() => gpu.dispose());

  it("are files of 1.5 MB together at most, and those that were trained", () => {
    const files = readdirSync(folder).sort();
    const sums = files.map((name) => [name, createHash("sha256").update(bytesOf(name)).digest("hex").slice(0, 16)]);
    expect(Object.fromEntries(sums)).toEqual(CHECKSUMS);
    const models = ["vae", "gaussian", "mixture"].map((name) => bytesOf(`${name}.safetensors`).length);
    expect(models.reduce((a, b) => a + b)).toBeLessThanOrEqual(1_500_000);
    const rest = files.map((name) => bytesOf(name).length).reduce((a, b) => a + b);
    expect(rest).toBeLessThanOrEqual(1_700_000);
  });

  it.each([
    ["vae", VAE],
    ["gaussian", Gaussian],
    ["mixture", GaussianMixture],
  ] as const)("%s loads, and scores what its metadata say", async (name, model) => {
    const bytes = bytesOf(`${name}.safetensors`);
    const { metadata } = parseSafetensors(bytes);
    const training = JSON.parse(metadata.get(SETTINGS)!) as { seed: number; trainImages: number };
    expect(training).toMatchObject({ seed: studioSettings.seed, data: "MNIST", ...studioSettings[name] });
    const said = JSON.parse(metadata.get(SCORES)!) as StudioScores;
    const loaded = await model.load(gpu, bytes);
    const found = await scoresOf(gpu, loaded, test, said.images, training.seed);
    loaded.dispose();
    // another adapter or version may differ in rounding
    for (const [score, value] of Object.entries(said))
      expect(Math.abs(found[score as keyof StudioScores]! - value), score).toBeLessThan(1e-4 * Math.abs(value) + 0.01);
  });

  it("have codes of test images beside them, as the VAE gives them, within a step of their bytes", async () => {
    const { codes, labels, directions } = parseExamples(bytesOf("examples.safetensors"));
    using vae = VAE.load(gpu, bytesOf("vae.safetensors"));
    const { latent } = studioSettings.vae;
    expect(labels.length).toBe(studioSettings.points);
    expect(codes.length).toBe(labels.length * latent);
    using images = gpu.tensor(test.slice(0, 50 * 784), [50, 784], { dtype: "u8" });
    const { mean } = vae.encode(images);
    const found = await mean.read();
    mean.dispose();
    const worst = Math.max(...found.map((value, i) => Math.abs(Math.max(-5, Math.min(5, value)) - codes[i]!)));
    expect(worst).toBeLessThan(0.6 * (10 / 255));
    for (const rows of Object.values(directions)) {
      const dot = (a: number, b: number) => Array.from({ length: latent }, (_, k) => rows[a * latent + k]! * rows[b * latent + k]!).reduce((x, y) => x + y); // prettier-ignore
      for (const [a, b, value] of [[0, 0, 1], [1, 1, 1], [0, 1, 0]] as const) expect(dot(a, b)).toBeCloseTo(value, 5); // prettier-ignore
    }
  });
});
