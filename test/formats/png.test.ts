import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { crc32 } from "../../src/formats/crc32.ts";
import { encodePng, imageGrid } from "../../src/formats/png.ts";
import { refuses } from "./refusal.ts";

/** Pixels of a PNG file as an independent reader has them: RGBA. */
function decoded(file: Uint8Array): { width: number; height: number; rgba: number[] } {
  const { width, height, data } = PNG.sync.read(Buffer.from(file), { checkCRC: true });
  return { width, height, rgba: [...data] };
}

test("crc32 has its published check value, whole or in parts", () => {
  const digits = new TextEncoder().encode("123456789");
  expect(crc32(digits)).toBe(0xcbf43926);
  expect(crc32(digits.subarray(4), crc32(digits.subarray(0, 4)))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

test("a grey picture is read back pixel by pixel", () => {
  const pixels = Uint8Array.of(0, 128, 255, 1, 2, 3);
  const { width, height, rgba } = decoded(encodePng({ width: 3, height: 2, channels: 1, pixels }));
  expect([width, height]).toEqual([3, 2]);
  expect(rgba).toEqual([...pixels].flatMap((grey) => [grey, grey, grey, 255]));
});

test("an RGB picture is read back pixel by pixel", () => {
  const pixels = Uint8Array.from({ length: 5 * 7 * 3 }, (_, i) => (i * 37) % 256);
  const { rgba } = decoded(encodePng({ width: 5, height: 7, channels: 3, pixels }));
  expect(rgba.filter((_, i) => i % 4 !== 3)).toEqual([...pixels]);
});

test("the same picture gives the same bytes", () => {
  const picture = { width: 64, height: 64, channels: 1, pixels: new Uint8Array(4096).fill(7) } as const;
  expect(encodePng(picture)).toEqual(encodePng(picture));
});

test("a grid puts images row by row, with gaps and an empty cell", () => {
  const images = Float32Array.of(0, 0.2, 0.4, 0.6, 0.8, 1);
  const { width, height, channels, pixels } = imageGrid(images, [3, 1, 2, 1], { columns: 2, gap: 1, background: 0.5 });
  expect([width, height, channels]).toEqual([3, 5, 1]);
  // prettier-ignore
  expect([...pixels]).toEqual([
    0, 128, 102,
    51, 128, 153,
    128, 128, 128,
    204, 128, 128,
    255, 128, 128,
  ]);
});

test("a grid of colours interleaves the planes", () => {
  const images = Float32Array.of(1, 0, 0.2, 0.4, 0, 1);
  const { pixels } = imageGrid(images, [1, 3, 1, 2], { gap: 0 });
  expect([...pixels]).toEqual([255, 51, 0, 0, 102, 255]);
});

test("values that overshoot are clamped, infinities too", () => {
  const images = Float32Array.of(-0.5, 1.5, Infinity, -Infinity);
  expect([...imageGrid(images, [1, 1, 1, 4]).pixels]).toEqual([0, 255, 255, 0]);
});

test("a grid is about square unless told otherwise", () => {
  const { width, height } = imageGrid(new Float32Array(10 * 784), [10, 1, 28, 28]);
  expect([width, height]).toEqual([4 * 29 - 1, 3 * 29 - 1]);
});

const pixels = new Uint8Array(6);
const images = new Float32Array(4);
refuses([
  [
    "a picture without width",
    () => encodePng({ width: 0, height: 2, channels: 1, pixels }),
    "argument",
    "encodePng: unusable size. Expected width and height of at least 1; got [0, 2].",
  ],
  [
    "a picture with alpha",
    () => encodePng({ width: 1, height: 1, channels: 4 as 3, pixels: new Uint8Array(4) }),
    "argument",
    "encodePng: unusable channels. Expected 1 (grey) or 3 (RGB); got 4.",
  ],
  [
    "pixels that do not fill the picture",
    () => encodePng({ width: 3, height: 3, channels: 1, pixels }),
    "shape",
    "encodePng: pixels and size differ. Expected 9 bytes for [3, 3, 1]; got 6.",
  ],
  [
    "pixels that are no bytes",
    () => encodePng({ width: 2, height: 2, channels: 1, pixels: images as unknown as Uint8Array }),
    "argument",
    "encodePng: bytes are missing. Expected a Uint8Array; got Float32Array.",
  ],
  [
    "images of two channels",
    () => imageGrid(images, [1, 2, 1, 2]),
    "shape",
    "imageGrid: unusable shape. Expected [n, 1 or 3, h, w] with 4 values; got [1, 2, 1, 2].",
  ],
  [
    "images that do not fill their shape",
    () => imageGrid(images, [2, 1, 2, 2]),
    "shape",
    "imageGrid: unusable shape. Expected [n, 1 or 3, h, w] with 4 values; got [2, 1, 2, 2].",
  ],
  [
    "no images",
    () => imageGrid(new Float32Array(0), [0, 1, 28, 28]),
    "shape",
    "imageGrid: unusable shape. Expected [n, 1 or 3, h, w] with 0 values; got [0, 1, 28, 28].",
  ],
  [
    "a pixel that is NaN",
    () => imageGrid(Float32Array.of(0, 0, 0, NaN), [2, 1, 1, 2]),
    "data",
    "imageGrid: a pixel is NaN. Expected 0 to 1; got NaN at [1, 0, 0, 1] of [2, 1, 1, 2].",
  ],
  [
    "half a column",
    () => imageGrid(images, [1, 1, 2, 2], { columns: 0.5 }),
    "argument",
    "imageGrid: columns is out of range. Expected a whole number ≥ 1; got 0.5.",
  ],
  [
    "a negative gap",
    () => imageGrid(images, [1, 1, 2, 2], { gap: -1 }),
    "argument",
    "imageGrid: gap is out of range. Expected a whole number ≥ 0; got -1.",
  ],
  [
    "a background in bytes",
    () => imageGrid(images, [1, 1, 2, 2], { background: 255 }),
    "argument",
    "imageGrid: background is out of range. Expected 0 to 1; got 255.",
  ],
  [
    "a grid too large to hold",
    () => imageGrid(images, [1, 1, 2, 2], { columns: 1e9 }),
    "limit",
    "imageGrid: grid is too large. Expected at most 67108864 pixels; got [2, 2999999999].",
  ],
  [
    "an unknown option",
    () => imageGrid(images, [1, 1, 2, 2], { rows: 1 } as object),
    "argument",
    'imageGrid: unknown option. Expected only columns, gap, background; got "rows".',
  ],
]);
