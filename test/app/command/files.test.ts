// Broken and hostile files: a typed error that names the file, or the file named and left out.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { encode } from "jpeg-js";
import { describe, expect, test } from "vitest";
import { planesOf } from "../../../src/app/command/picture.ts";
import { encodePng, writeNpy, writeNpz } from "../../../src/formats.ts";
import { commandFolder, generatedImages, json, latentgpu } from "./fixture.ts";

const { at, folder, real } = commandFolder();

test("JPEG files are read through jpeg-js, and 30,000 × 30,000 is refused by their header", async () => {
  const flat = { width: 8, height: 8, data: Uint8Array.from({ length: 256 }, (_, i) => [200, 100, 50, 255][i % 4]!) };
  const file = new Uint8Array(encode(flat, 100).data);
  const { shape, pixels } = await planesOf(file, "a.jpg", { maxPixels: 64 });
  expect(shape).toEqual([3, 8, 8]);
  // colours pass through 8-bit YCbCr
  for (const [c, level] of [200, 100, 50].entries())
    for (const value of pixels.subarray(64 * c, 64 * c + 64)) expect(Math.abs(value - level)).toBeLessThanOrEqual(2);
  const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
  file.set([30000 >> 8, 30000 & 255, 30000 >> 8, 30000 & 255], frame + 5);
  await expect(planesOf(file, "a.jpg", { maxPixels: 2 ** 26 })).rejects.toMatchObject({
    code: "limit",
    message: "a.jpg: picture is too large. Expected at most 67108864 pixels; got 30000 × 30000.",
  });
});

describe("broken and hostile files", () => {
  test("a broken file stops the command by its name, or is named and left out", async () => {
    const broken = folder("broken", generatedImages);
    writeFileSync(at("broken", "0007.png"), readFileSync(at("broken", "0007.png")).subarray(0, 60));
    const words = ["score", broken, "--real", real, "--measures", "fid"];
    const stopped = await latentgpu(words);
    expect(stopped).toMatchObject({
      code: 1,
      err: expect.stringMatching(/0007\.png: chunk "IDAT" is cut short/) as string,
    });
    const { code, err } = await latentgpu([...words, "--on-error", "skip", "--json", at("s.json")]);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/skipped {2}.*0007\.png/) as string });
    expect(json(at("s.json")).sets["generated"]).toMatchObject({
      n: 49,
      skipped: [{ file: at("broken", "0007.png") }],
    });
  });

  const huge = encodePng({ width: 1, height: 1, channels: 1, pixels: Uint8Array.of(0) });
  // IHDR of 30,000 × 30,000 with its checksum
  new DataView(huge.buffer).setUint32(16, 30000);
  new DataView(huge.buffer).setUint32(20, 30000);
  const files: readonly [title: string, name: string, content: () => Uint8Array, says: RegExp][] = [
    ["no image at all", "x.png", () => new Uint8Array(9), /x\.png: not a PNG file/],
    ["a lying size", "x.png", () => huge, /x\.png: chunk "IHDR" is damaged/],
    ["JPEG that is none", "x.jpg", () => Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), /x\.jpg: JPEG has no frame/],
    ["bytes of no format", "x.npy", () => new TextEncoder().encode("hello"), /x\.npy: unknown kind of file/],
    ["a zip bomb's gzip", "x.gz", () => gzipSync(new Uint8Array(2 ** 12)), /x\.gz: not an IDX file/],
    [
      "floats from 0 to 255",
      "x.npy",
      () => writeNpy({ shape: [2, 2, 2, 3], values: new Float32Array(24).fill(200) }),
      /image 0 is out of range.*got 200\. Divide by 255/,
    ],
    [
      "floats from −1 to 1",
      "x.npy",
      () => writeNpy({ shape: [2, 2, 2, 3], values: new Float32Array(24).fill(-1) }),
      /got -1\. Scale −1 to 1/,
    ],
    [
      "NaN",
      "x.npy",
      () => writeNpy({ shape: [2, 2, 2, 3], values: new Float32Array(24).fill(Number.NaN) }),
      /out of range\. Expected floats from 0 to 1; got NaN/,
    ],
    [
      "wrong channels",
      "x.npy",
      () => writeNpy({ shape: [2, 4, 4, 5], values: new Uint8Array(160) }),
      /wrong channels\. Expected \[n, h, w, 1 or 3\]/,
    ],
    [
      "axes that may be either",
      "x.npy",
      () => writeNpy({ shape: [2, 3, 3, 3], values: new Uint8Array(54) }),
      /Give --layout nhwc or nchw/,
    ],
    [
      "a lying header",
      "x.npy",
      () => writeNpy({ shape: [2, 2], values: new Float32Array(4) }).slice(0, -4),
      /x\.npy: length and header differ/,
    ],
    [
      "several arrays",
      "x.npz",
      () => writeNpz({ a: { shape: [1], values: new Uint8Array(1) }, b: { shape: [1], values: new Uint8Array(1) } }),
      /Give|--array with one of "a", "b"/,
    ],
    [
      "statistics that are none",
      "x.npz",
      () =>
        writeNpz({
          mu: { shape: [2], values: new Float64Array(2) },
          sigma: { shape: [2, 3], values: new Float64Array(6) },
          n: { shape: [], values: Float64Array.of(5) },
        }),
      /x\.npz|shapes do not fit|mu \[d\]/,
    ],
  ];
  test.each(files)("%s is refused by the file's name", async (title, name, content, says) => {
    const path = at("hostile", title);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, name), content());
    const isFolder = /png|jpg/.test(name);
    const { code, err } = await latentgpu([
      "score",
      isFolder ? path : join(path, name),
      "--real",
      real,
      "--measures",
      "fid",
    ]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(says) as string });
  });

  test("bytes that look like 0 to 1 get a warning", async () => {
    writeFileSync(
      at("ones.npy"),
      writeNpy({ shape: [4, 4, 4, 3], values: Uint8Array.from({ length: 192 }, (_, i) => (i * i) % 2) }),
    );
    const { code, err } = await latentgpu(["score", at("ones.npy"), "--real", real, "--measures", "fid"]);
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining("no byte is above 1. Bytes stand for 0 to 255; are these 0 to 1?") as string,
    });
  });

  test("large images are measured only through a network or made smaller", async () => {
    const large = folder("large", [new Uint8Array(70 * 70)], 1, 70);
    const { code, err } = await latentgpu(["score", large, "--real", large, "--measures", "fid"]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining("Expected at most 4096; got [1, 70, 70]. Give --features or --resize 32.") as string,
    });
  });
});
