import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { avatars } from "../../src/app/faces/avatars.ts";
import { shuffledTiles } from "../../src/app/faces/context.ts";
import { faces } from "../../src/app/faces/main.ts";
import { presetOptions } from "../../src/app/presetOptions.mjs";
import { crc32 } from "../../src/formats/crc32.ts";
import { decodePng } from "../../src/formats/pngRead.ts";

/** Different values in order of size. */
const sorted = (values: Uint8Array): Uint8Array => values.slice().sort();

describe("faces", () => {
  it("are drawn from their number alone, as RGB planes", () => {
    const four = avatars(4, 32);
    expect(four.length).toBe(4 * 3 * 32 * 32);
    expect(four.subarray(0, 2 * 3 * 32 * 32)).toEqual(avatars(2, 32));
    // every machine draws the same bytes: numbers of one run can be compared with those of another
    expect(crc32(four).toString(16)).toBe("7801b857");
  });

  it("lose their face, and nothing else, when their tiles are shuffled", () => {
    const side = 8;
    const images = Uint8Array.from({ length: 2 * 3 * side * side }, (_, i) => i % 251);
    const mixed = shuffledTiles(images, side, 1);
    expect(mixed).not.toEqual(images);
    expect(mixed).toEqual(shuffledTiles(images, side, 1));
    for (let plane = 0; plane < 6; plane++) {
      const of = (all: Uint8Array) => all.subarray(plane * side * side, (plane + 1) * side * side);
      expect(sorted(of(mixed))).toEqual(sorted(of(images)));
    }
    // tiles stay whole: neighbours within one stay neighbours
    const step = (all: Uint8Array, at: number) => (all[at + 1]! - all[at]! + 251) % 251;
    for (let at = 0; at < mixed.length; at += 2) expect(step(mixed, at)).toBe(1);
  });

  it("are fitted, drawn and judged by both detectors, beside real ones and shuffled tiles", async () => {
    const folder = mkdtempSync(join(tmpdir(), "faces-"));
    try {
      const settings = { width: 32, trainImages: 40, testImages: 4, samples: 4, rank: 8 };
      const out = join(folder, "faces.json");
      const { report, table } = await faces({ preset: "quick", seed: 1, models: ["gaussian"], out, store: folder, settings, tell: () => {} }); // prettier-ignore
      const { real, shuffled, rows, detectors } = report;
      expect(real.blazeFace.value).toBeGreaterThan(0.85);
      expect(shuffled.blazeFace.value).toBeLessThan(real.blazeFace.value);
      expect(rows).toHaveLength(1);
      const [{ likelihood, bitsPerDim, scores, parameters }] = rows as [(typeof rows)[number]];
      // W, the mean, and the noise, without the rotations of W
      expect(parameters).toBe(8 * 3072 - (8 * 7) / 2 + 3072 + 1);
      expect(likelihood).toMatchObject({ n: 4, isBound: false });
      expect(bitsPerDim).toBeCloseTo(8 - likelihood.value / (3072 * Math.LN2), 6);
      expect(bitsPerDim).toBeGreaterThan(0);
      expect(bitsPerDim).toBeLessThan(8);
      expect(scores.n).toBe(4);
      expect(detectors.join()).toMatch(/BlazeFace.*\([0-9a-f]{8}\).*tiny face detector, 128 px \([0-9a-f]{8}\)/);
      expect(table.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(5);
      expect(table).toContain("CC BY 4.0");
      expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(JSON.parse(JSON.stringify(report)));
      expect(readdirSync(join(folder, "faces")).sort()).toEqual(["gaussian.png", "real.png"]);
      const png = decodePng(readFileSync(join(folder, "faces/real.png")));
      expect([png.width, png.channels]).toEqual([8 * 33 - 1, 3]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("names a model that it does not know, before anything is drawn", async () => {
    const request = { preset: "quick" as const, seed: 1, out: "faces.json", store: ".", tell: () => {} };
    await expect(faces({ ...request, models: ["gan"] })).rejects.toThrow(
      "faces: unknown model. Expected some of gaussian, mixture, vae; got gan.",
    );
  });
});

describe("the words of commands that train", () => {
  it("are read, and refused by name", () => {
    expect(presetOptions("faces", ["--preset=full", "--seed", "3", "--models", "a,b"])).toMatchObject({
      preset: "full",
      seed: 3,
      models: ["a", "b"],
    });
    expect(presetOptions("faces", [])).toMatchObject({
      out: expect.stringMatching(/bench.results.faces\.json$/) as string,
    });
    for (const [words, message] of [
      [["--sed", "1"], "faces: unknown option"],
      [["--seed"], "faces: --seed needs a value"],
      [["--seed", "-1"], "faces: the seed is out of range"],
      [["--preset", "slow"], "faces: unknown preset"],
    ] as const)
      expect(() => presetOptions("faces", words)).toThrow(message);
  });
});
