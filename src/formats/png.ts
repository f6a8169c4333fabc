/**
 * PNG files of 8-bit grey and RGB pictures, and grids of images to put into them.
 *
 * source: https://www.w3.org/TR/png-3/
 */
import { zlibSync } from "fflate";
import { concatenated } from "./concatenated.ts";
import { crc32 } from "./crc32.ts";
import { checkBytes } from "./elements.ts";
import { check, checkOptions, show } from "./errors.ts";

/** Rows from the top, pixels from the left, channels together: pixels[(y · width + x) · channels + c], 0 to 255. */
export interface Picture {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** 1 for grey, 3 for red, green and blue. */
  channels: 1 | 3;
  /** Brightness from 0 to 255. */
  pixels: Uint8Array;
}

/**
 * The PNG file of a picture: colour type 0 (grey) or 2 (RGB), 8 bits, no interlacing. Equal pictures give equal bytes.
 * Throws LatentError: "argument" on sizes or channels out of range, "shape" unless
 * width · height · channels = pixels.length.
 *
 *     const file = encodePng({ width: 1, height: 1, channels: 1, pixels: Uint8Array.of(255) });
 */
export function encodePng({ width, height, channels, pixels }: Picture): Uint8Array<ArrayBuffer> {
  const where = "encodePng";
  checkBytes(where, pixels);
  const sized = [width, height].every((size) => Number.isInteger(size) && size >= 1 && size < 2 ** 31);
  check(
    sized,
    "argument",
    where,
    () => `unusable size. Expected width and height of at least 1; got ${show([width, height])}.`,
  );
  check(channels === 1 || channels === 3, "argument", where, () => {
    return `unusable channels. Expected 1 (grey) or 3 (RGB); got ${String(channels)}.`;
  });
  const row = width * channels;
  check(row * height === pixels.length, "shape", where, () => {
    const size = show([height, width, channels]);
    return `pixels and size differ. Expected ${row * height} bytes for ${size}; got ${pixels.length}.`;
  });
  // every row starts with a byte that names its filter: 0, none
  const filtered = new Uint8Array(height * (1 + row));
  for (let y = 0; y < height; y++) filtered.set(pixels.subarray(y * row, (y + 1) * row), y * (1 + row) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8);
  const body = zlibSync(filtered, { level: 9 });
  return concatenated(Uint8Array, [
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", body),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** The bytes that every PNG file starts with. */
export const SIGNATURE = /* @__PURE__ */ Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Length, type, data, and the checksum of type and data. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

const maxPixels = 2 ** 26;

/** How imageGrid lays pictures out. */
export interface Grid {
  /** images a row; as many as make the grid about square */
  columns?: number;
  /** pixels between images; 1 */
  gap?: number;
  /** brightness of gaps and empty cells, 0 to 1; 1 */
  background?: number;
}

/**
 * One picture of n images, row by row. images: [n, c, h, w] with c of 1 or 3, values from 0 (black) to 1; what lies
 * outside is clamped, as samples may overshoot.
 *
 *     width = columns · (w + gap) − gap,  height = rows · (h + gap) − gap,  rows = ⌈n / columns⌉
 *
 * Throws LatentError: "shape" unless shape is [n, 1 or 3, h, w] and fits the values, "data" on NaN, "argument" on
 * options, "limit" on a grid of more than 2²⁶ pixels.
 *
 *     const file = encodePng(imageGrid(new Float32Array(4 * 28 * 28), [4, 1, 28, 28], { columns: 2 }));
 */
export function imageGrid(images: Float32Array, shape: readonly number[], options: Grid = {}): Picture {
  const where = "imageGrid";
  checkOptions(where, options, ["columns", "gap", "background"]);
  const [n = 0, c = 0, h = 0, w = 0] = shape;
  const whole = shape.length === 4 && shape.every((size) => Number.isSafeInteger(size) && size >= 1);
  check(whole && (c === 1 || c === 3) && n * c * h * w === images.length, "shape", where, () => {
    return `unusable shape. Expected [n, 1 or 3, h, w] with ${images.length} values; got ${show(shape)}.`;
  });
  const { columns = Math.ceil(Math.sqrt(n)), gap = 1, background = 1 } = options;
  check(
    Number.isSafeInteger(columns) && columns >= 1,
    "argument",
    where,
    () => `columns is out of range. Expected a whole number ≥ 1; got ${columns}.`,
  );
  check(
    Number.isSafeInteger(gap) && gap >= 0,
    "argument",
    where,
    () => `gap is out of range. Expected a whole number ≥ 0; got ${gap}.`,
  );
  check(
    background >= 0 && background <= 1,
    "argument",
    where,
    () => `background is out of range. Expected 0 to 1; got ${background}.`,
  );
  const width = columns * (w + gap) - gap;
  const height = Math.ceil(n / columns) * (h + gap) - gap;
  check(width * height <= maxPixels, "limit", where, () => {
    return `grid is too large. Expected at most ${maxPixels} pixels; got ${show([height, width])}.`;
  });
  const pixels = new Uint8Array(width * height * c).fill(Math.round(255 * background));
  images.forEach((value, i) => {
    const x = i % w;
    const y = Math.floor(i / w) % h;
    const channel = Math.floor(i / (w * h)) % c;
    const image = Math.floor(i / (w * h * c));
    check(!Number.isNaN(value), "data", where, () => {
      return `a pixel is NaN. Expected 0 to 1; got NaN at ${show([image, channel, y, x])} of ${show(shape)}.`;
    });
    const left = (image % columns) * (w + gap) + x;
    const top = Math.floor(image / columns) * (h + gap) + y;
    pixels[(top * width + left) * c + channel] = Math.round(255 * Math.min(1, Math.max(0, value)));
  });
  return { width, height, channels: c as 1 | 3, pixels };
}
