import fc from "fast-check";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { zlibSync } from "fflate";
import { chunk, encodePng, SIGNATURE } from "../../src/formats/png.ts";
import { decodePng } from "../../src/formats/pngRead.ts";
import { refusalOf, refuses } from "./refusal.ts";

const bytes = (n: number, seed = 37) => Uint8Array.from({ length: n }, (_, i) => (i * i * seed + 11 * i) % 256);

/** A file with these header fields and rows (filter byte first), for what encodePng does not write. */
function file(
  header: { width: number; height: number; depth: number; colour: number; interlace?: number },
  rows: Uint8Array | readonly number[],
  extra: readonly Uint8Array[] = [],
): Uint8Array {
  const ihdr = new Uint8Array(13);
  const view = new DataView(ihdr.buffer);
  view.setUint32(0, header.width);
  view.setUint32(4, header.height);
  ihdr.set([header.depth, header.colour, 0, 0, header.interlace ?? 0], 8);
  const parts = [SIGNATURE, chunk("IHDR", ihdr), ...extra, chunk("IDAT", zlibSync(Uint8Array.from(rows))), END];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
const END = chunk("IEND", new Uint8Array(0));

describe("a picture is read as it was", () => {
  test.each([1, 3] as const)("written by encodePng with %i channels", (channels) => {
    const picture = { width: 5, height: 7, channels, pixels: bytes(35 * channels) };
    expect(decodePng(encodePng(picture))).toEqual(picture);
  });

  // pngjs writes with the filter that packs best: all five come up
  test.each([
    [0, 1, 0],
    [0, 1, 1],
    [2, 3, 2],
    [2, 3, 3],
    [4, 2, 4],
    [6, 4, 4],
    [6, 4, -1],
  ] as const)("written by pngjs as colour type %i (%i channels) with filter %i", (colorType, channels, filterType) => {
    const [width, height] = [19, 23];
    const png = new PNG({ width, height });
    png.data = Buffer.from(bytes(4 * width * height));
    if (channels < 3) for (let i = 0; i < png.data.length; i += 4) png.data.fill(png.data[i]!, i, i + 3);
    const written = PNG.sync.write(png, { colorType, inputColorType: 6, inputHasAlpha: true, filterType });
    const found = decodePng(written);
    const rgba = PNG.sync.read(written).data;
    const kept = { 1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3] }[channels];
    expect(found.channels).toBe(channels);
    expect([...found.pixels]).toEqual([...rgba].filter((_, i) => kept.includes(i % 4)));
  });

  test.each([1, 2, 4] as const)("grey of %i bits spreads over 0 to 255", (depth) => {
    const levels = 2 ** depth;
    const width = 8 / depth + 1;
    const found = decodePng(file({ width, height: 1, depth, colour: 0 }, [0, 0b11_01_10_00, 0xff]));
    const first = Array.from({ length: 8 / depth }, (_, x) => (0b11_01_10_00 >> (8 - depth * (x + 1))) & (levels - 1));
    expect([...found.pixels]).toEqual([...first.map((level) => (level * 255) / (levels - 1)), 255]);
  });

  test("palettes become colours, with opacity where the file has one", () => {
    const palette = chunk("PLTE", Uint8Array.of(1, 2, 3, 40, 50, 60, 7, 8, 9));
    const rows = [0, 0b01_00_10_00];
    const header = { width: 3, height: 1, depth: 2, colour: 3 };
    expect([...decodePng(file(header, rows, [palette])).pixels]).toEqual([40, 50, 60, 1, 2, 3, 7, 8, 9]);
    const clear = chunk("tRNS", Uint8Array.of(0, 128));
    const found = decodePng(file(header, rows, [palette, clear]));
    expect(found.channels).toBe(4);
    expect([...found.pixels]).toEqual([40, 50, 60, 128, 1, 2, 3, 0, 7, 8, 9, 255]);
  });
});

describe("bytes that break the rules", () => {
  const grey = { width: 2, height: 2, depth: 8, colour: 0 };
  const good = file(grey, [0, 1, 2, 0, 3, 4]);
  const damaged = good.slice();
  damaged[45]! ^= 1;
  refuses([
    [
      "another file",
      () => decodePng(Uint8Array.of(0xff, 0xd8)),
      "format",
      "decodePng: not a PNG file. Expected 89 50 4e 47 0d 0a 1a 0a; got ff d8.",
    ],
    [
      "a file cut within a chunk",
      () => decodePng(good.subarray(0, 50)),
      "format",
      'decodePng: chunk "IDAT" is cut short. Expected 14 bytes at byte 41; got 5.',
    ],
    [
      "a file cut between chunks",
      () => decodePng(good.subarray(0, 33)),
      "format",
      "decodePng: file is cut short. Expected a chunk at byte 33; got 0 bytes.",
    ],
    [
      "a picture too large",
      () => decodePng(file({ ...grey, width: 30000, height: 30000 }, [0])),
      "limit",
      "decodePng: picture is too large. Expected at most 67108864 pixels; got 30000 × 30000.",
    ],
    [
      "sizes that the data cannot fill, before memory is taken",
      () => decodePng(file({ ...grey, width: 8000, height: 8000 }, [0]), { where: "score a.png" }),
      "format",
      "score a.png: IDAT is too short for the sizes in IHDR. Expected data for 64008000 bytes; got 9.",
    ],
    [
      "data longer than the sizes",
      () => decodePng(file(grey, [0, 1, 2, 0, 3, 4, 5])),
      "format",
      "decodePng: IDAT has another size. Expected 6 bytes; got more.",
    ],
    [
      "an interlaced picture",
      () => decodePng(file({ ...grey, interlace: 1 }, [0, 1, 2, 0, 3, 4])),
      "unsupported",
      "decodePng: the picture is interlaced. Expected interlace 0; got 1. Save it without.",
    ],
    [
      "16 bits",
      () => decodePng(file({ ...grey, depth: 16 }, new Uint8Array(10))),
      "unsupported",
      "decodePng: IHDR says 16 bits a sample. Expected at most 8. Convert it to 8 bits.",
    ],
    [
      "an unknown filter",
      () => decodePng(file(grey, [0, 1, 2, 9, 3, 4])),
      "format",
      "decodePng: row 1 has an unknown filter. Expected 0 to 4; got 9.",
    ],
    [
      "an index past the palette",
      () =>
        decodePng(file({ ...grey, colour: 3 }, [0, 0, 1, 0, 0, 5], [chunk("PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6))])),
      "format",
      "decodePng: pixel 3 is outside the palette. Expected 0 to 1; got 5.",
    ],
    [
      "no palette",
      () => decodePng(file({ ...grey, colour: 3 }, [0, 0, 1, 0, 0, 5])),
      "format",
      "decodePng: no PLTE chunk. Expected a palette for colour type 3.",
    ],
  ]);

  test("a changed bit is told by the chunk's checksum", () => {
    expect(refusalOf(() => decodePng(damaged))?.message).toMatch(/chunk "IDAT" is damaged\. Expected CRC-32/);
  });
});

// by hand: PNG_FUZZ=200000; checksums are made right again in half of the runs, so that what lies behind them is reached
test("mutated files give a picture that fills its sizes, or a LatentError, and little memory", () => {
  const palette = chunk("PLTE", bytes(12));
  const seeds = [
    encodePng({ width: 9, height: 6, channels: 3, pixels: bytes(162) }),
    encodePng({ width: 16, height: 16, channels: 1, pixels: bytes(256) }),
    file({ width: 5, height: 2, depth: 2, colour: 3 }, [0, 27, 64, 1, 27, 128], [palette]),
  ];
  const change = fc.record({ at: fc.nat(400), value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255)) });
  const numRuns = Number(process.env["PNG_FUZZ"] ?? 3000);
  let read = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.nat(20),
      fc.boolean(),
      (seed, changes, cut, mends) => {
        const mutated = seed.slice(0, seed.length - (cut > 15 ? cut : 0));
        for (const { at, value } of changes) mutated[8 + (at % (mutated.length - 8))] = value;
        const given = mends ? mended(mutated) : mutated;
        const before = process.memoryUsage().arrayBuffers;
        const refusal = refusalOf(() => {
          const { width, height, channels, pixels } = decodePng(given);
          expect(pixels.length).toBe(width * height * channels);
          read++;
        });
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThanOrEqual(8 * 1032 * given.length);
        if (refusal) expect(refusal.message).toMatch(/^decodePng: /);
      },
    ),
    { numRuns, seed: 7, endOnFailure: true },
  );
  expect(read).toBeGreaterThan(0);
});

/** The same chunks with right checksums, as far as lengths let them be told. */
function mended(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    // a type of other than single bytes would grow
    parts.push(
      Array.from(type, (letter) => letter.charCodeAt(0)).every((code) => code < 128)
        ? chunk(type, bytes.subarray(at + 8, at + 8 + length))
        : bytes.subarray(at, at + 12 + length),
    );
    at += 12 + length;
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
