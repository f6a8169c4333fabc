/**
 * Reading PNG files: 1 to 8 bits, grey, RGB, palette, with or without alpha.
 *
 * source: https://www.w3.org/TR/png-3/. Every size is checked against the file and a cap before memory is taken.
 */
import { inflateSync } from "fflate";
import { checkBytes } from "./elements.ts";
import { check, checkOptions, LatentError } from "./errors.ts";
import { SIGNATURE } from "./png.ts";
import { chunksOf, type Header } from "./pngChunks.ts";

/** A picture as a PNG file may hold it. Rows from the top: pixels[(y · width + x) · channels + c], 0 to 255. */
export interface DecodedPicture {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  channels: 1 | 2 | 3 | 4;
  /** Brightness and opacity from 0 to 255. */
  pixels: Uint8Array;
}

/** What decodePng may be asked for. */
export interface PngReading {
  /** most pixels of a picture; 2²⁶ */
  maxPixels?: number;
  /** name of the call in messages */
  where?: string;
}

/** deflate makes at most this many bytes of one: 258 of two bits */
const MOST_RATIO = 1032;
/** samples a pixel, by colour type */
const SAMPLES: { readonly [colour: number]: number } = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * The picture in a PNG file. Depths below 8 are spread over 0 to 255, palettes become RGB (RGBA where one is transparent);
 * gamma, colour profiles and a
 * transparent colour of grey and RGB are left alone. Memory: the compressed data once, and twice the pixels that they can hold.
 *
 * Throws LatentError: "format" on bytes that break the rules (signature, checksums, sizes that the data cannot fill), "unsupported" on
 * interlacing and 16 bits, "limit" on more than `maxPixels`.
 *
 *     const file = encodePng({ width: 1, height: 1, channels: 1, pixels: Uint8Array.of(255) });
 *     const { width, height, channels, pixels } = decodePng(file);
 */
export function decodePng(bytes: Uint8Array, options: PngReading = {}): DecodedPicture {
  checkOptions("decodePng", options, ["maxPixels", "where"]);
  const { maxPixels = 2 ** 26, where = "decodePng" } = options;
  check(maxPixels > 0, "argument", where, () => `maxPixels is out of range. Expected a number > 0; got ${maxPixels}.`);
  checkBytes(where, bytes);
  check(
    SIGNATURE.every((byte, i) => bytes[i] === byte),
    "format",
    where,
    () => {
      const found = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ") || "no bytes";
      return `not a PNG file. Expected 89 50 4e 47 0d 0a 1a 0a; got ${found}.`;
    },
  );
  const { header, data, palette, opacities } = chunksOf(bytes, maxPixels, where);
  const samples = SAMPLES[header.colour]!;
  const row = Math.ceil((header.width * samples * header.depth) / 8);
  const filtered = inflated(data, header.height * (1 + row), where);
  unfilter(filtered, row, Math.max(1, (samples * header.depth) / 8), where);
  const { width, height } = header;
  const values = samplesOf(filtered, header, row, samples);
  if (header.colour !== 3) return { width, height, channels: samples as 1 | 2 | 3 | 4, pixels: values };
  return { width, height, ...coloured(values, palette!, opacities, where) };
}

/** Exactly `size` bytes out of a zlib stream, with its checksum checked. */
function inflated(data: Uint8Array, size: number, where: string): Uint8Array {
  const [method = 0, flags = 0] = data;
  const isZlib =
    data.length >= 6 &&
    (method & 15) === 8 &&
    method >> 4 <= 7 &&
    (method * 256 + flags) % 31 === 0 &&
    (flags & 32) === 0;
  check(isZlib, "format", where, () => "IDAT holds no zlib stream. Expected its header; got other bytes.");
  check(size <= data.length * MOST_RATIO, "format", where, () => {
    return `IDAT is too short for the sizes in IHDR. Expected data for ${size} bytes; got ${data.length}.`;
  });
  // one byte more than expected tells a stream that goes on; fflate drops what lies past the end
  let content: Uint8Array;
  try {
    content = inflateSync(data.subarray(2, -4), { out: new Uint8Array(size + 1) });
  } catch (cause) {
    throw new LatentError("format", `${where}: IDAT cannot be inflated. Expected deflate data; got ${String(cause)}.`, {
      cause,
    });
  }
  check(content.length === size, "format", where, () => {
    return `IDAT has another size. Expected ${size} bytes; got ${content.length > size ? "more" : content.length}.`;
  });
  const said = new DataView(data.buffer, data.byteOffset + data.length - 4, 4).getUint32(0);
  const sum = adler32(content);
  check(sum === said, "format", where, () => {
    const [expected, got] = [said, sum].map((value) => value.toString(16).padStart(8, "0"));
    return `IDAT is damaged. Expected Adler-32 ${expected}; got ${got}.`;
  });
  return content;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  // 3,800 bytes keep both sums below 2³¹
  for (let start = 0; start < bytes.length; start += 3800) {
    const end = Math.min(bytes.length, start + 3800);
    for (let i = start; i < end; i++) b += a += bytes[i]!;
    a %= 65521;
    b %= 65521;
  }
  return b * 65536 + a;
}

/** Takes the filters off, in place: each byte was stored less a guess from its neighbours to the left and above. */
function unfilter(bytes: Uint8Array, row: number, step: number, where: string): void {
  for (let start = 0, y = 0; start < bytes.length; start += row + 1, y++) {
    const kind = bytes[start]!;
    check(kind <= 4, "format", where, () => `row ${y} has an unknown filter. Expected 0 to 4; got ${kind}.`);
    if (kind === 0) continue;
    for (let i = 1; i <= row; i++) {
      const at = start + i;
      const left = i > step ? bytes[at - step]! : 0;
      const up = y > 0 ? bytes[at - row - 1]! : 0;
      if (kind === 1) bytes[at]! += left;
      else if (kind === 2) bytes[at]! += up;
      else if (kind === 3) bytes[at]! += (left + up) >> 1;
      else bytes[at]! += paeth(left, up, i > step && y > 0 ? bytes[at - row - 1 - step]! : 0);
    }
  }
}

/** Whichever of the three is nearest to left + up − corner; the first of equals. */
function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The samples without the filter bytes; grey of few bits spread over 0 to 255. */
function samplesOf(
  filtered: Uint8Array,
  { width, height, depth, colour }: Header,
  row: number,
  samples: number,
): Uint8Array {
  const values = new Uint8Array(width * height * samples);
  const scale = colour === 0 ? 255 / (2 ** depth - 1) : 1;
  for (let y = 0; y < height; y++) {
    const start = y * (row + 1) + 1;
    if (depth === 8) values.set(filtered.subarray(start, start + row), y * row);
    else
      for (let x = 0; x < width; x++) {
        const bit = x * depth;
        const packed = filtered[start + (bit >> 3)]! >> (8 - depth - (bit & 7));
        values[y * width + x] = (packed & (2 ** depth - 1)) * scale;
      }
  }
  return values;
}

function coloured(
  indices: Uint8Array,
  palette: Uint8Array,
  opacities: Uint8Array | undefined,
  where: string,
): { channels: 3 | 4; pixels: Uint8Array } {
  const channels = opacities ? 4 : 3;
  const colours = palette.length / 3;
  const pixels = new Uint8Array(indices.length * channels);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    check(
      index < colours,
      "format",
      where,
      () => `pixel ${i} is outside the palette. Expected 0 to ${colours - 1}; got ${index}.`,
    );
    for (let c = 0; c < 3; c++) pixels[i * channels + c] = palette[3 * index + c]!;
    if (opacities) pixels[i * channels + 3] = opacities[index] ?? 255;
  }
  return { channels, pixels };
}
