/**
 * The chunks of a PNG file, checked: order, lengths, checksums, and what IHDR and PLTE say.
 *
 * source: https://www.w3.org/TR/png-3/
 */
import { concatenated } from "./concatenated.ts";
import { crc32 } from "./crc32.ts";
import { check, quote, show } from "./errors.ts";

/** What IHDR says. */
export interface Header {
  width: number;
  height: number;
  /** bits a sample */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha */
  colour: number;
}

/** What a reader needs of a file. */
export interface Chunks {
  header: Header;
  /** the zlib stream */
  data: Uint8Array;
  palette?: Uint8Array;
  opacities?: Uint8Array;
}

/** The chunks that matter, with their checksums checked, in the order that the standard demands. */
export function chunksOf(bytes: Uint8Array, maxPixels: number, where: string): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Uint8Array[] = [];
  const found: Partial<Chunks> = {};
  let previous = "";
  for (let at = 8; ;) {
    const left = bytes.length - at;
    check(left >= 12, "format", where, () => `file is cut short. Expected a chunk at byte ${at}; got ${left} bytes.`);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    check(length <= left - 12, "format", where, () => {
      return `chunk ${quote(type)} is cut short. Expected ${length} bytes at byte ${at + 8}; got ${left - 12}.`;
    });
    const body = bytes.subarray(at + 8, at + 8 + length);
    const [sum, said] = [crc32(bytes.subarray(at + 4, at + 8 + length)), view.getUint32(at + 8 + length)];
    check(sum === said, "format", where, () => {
      const [expected, got] = [said, sum].map((value) => value.toString(16).padStart(8, "0"));
      return `chunk ${quote(type)} is damaged. Expected CRC-32 ${expected}; got ${got}.`;
    });
    const isFirst = at === 8;
    check(isFirst === (type === "IHDR"), "format", where, () => {
      return `IHDR is not the first chunk. Expected it once at byte 8; got ${quote(type)} at byte ${at}.`;
    });
    if (isFirst) found.header = headerOf(body, maxPixels, where);
    else if (type === "PLTE") found.palette = paletteOf(body, found, parts.length > 0, where);
    else if (type === "tRNS") found.opacities = body;
    else if (type === "IDAT") {
      const isNext = parts.length === 0 || previous === "IDAT";
      check(isNext, "format", where, () => `IDAT chunks lie apart. Expected one run; got ${quote(previous)} between.`);
      parts.push(body);
    } else if (type === "IEND") break;
    else
      check((bytes[at + 4]! & 32) !== 0, "unsupported", where, () => {
        return `chunk ${quote(type)} is not known, and critical. Expected IHDR, PLTE, IDAT and IEND.`;
      });
    previous = type;
    at += 12 + length;
  }
  check(parts.length > 0, "format", where, () => "no IDAT chunk. Expected one before IEND; got none.");
  const { header, palette, opacities } = found;
  check(
    header!.colour !== 3 || palette !== undefined,
    "format",
    where,
    () => "no PLTE chunk. Expected a palette for colour type 3.",
  );
  return {
    header: header!,
    data: parts.length === 1 ? parts[0]! : concatenated(Uint8Array, parts),
    ...(palette && { palette }),
    ...(opacities && { opacities }),
  };
}

function headerOf(body: Uint8Array, maxPixels: number, where: string): Header {
  check(body.length === 13, "format", where, () => `IHDR has another size. Expected 13 bytes; got ${body.length}.`);
  const view = new DataView(body.buffer, body.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = [...body.subarray(8)] as [
    number,
    number,
    number,
    number,
    number,
  ];
  check(width >= 1 && height >= 1 && width < 2 ** 31 && height < 2 ** 31, "format", where, () => {
    return `IHDR has unusable sizes. Expected width and height from 1 to 2^31 − 1; got ${show([width, height])}.`;
  });
  check(
    depth !== 16,
    "unsupported",
    where,
    () => "IHDR says 16 bits a sample. Expected at most 8. Convert it to 8 bits.",
  );
  const depths: { readonly [colour: number]: readonly number[] } = {
    0: [1, 2, 4, 8],
    2: [8],
    3: [1, 2, 4, 8],
    4: [8],
    6: [8],
  };
  check(depths[colour]?.includes(depth) === true, "format", where, () => {
    return `IHDR has no such colours. Expected type 0, 2, 3, 4 or 6 with its depths; got type ${colour} with ${depth} bits.`;
  });
  check(compression === 0 && filter === 0 && interlace <= 1, "format", where, () => {
    return `IHDR names unknown methods. Expected compression 0, filter 0, interlace 0; got ${show([compression, filter, interlace])}.`;
  });
  check(
    interlace === 0,
    "unsupported",
    where,
    () => "the picture is interlaced. Expected interlace 0; got 1. Save it without.",
  );
  check(width * height <= maxPixels, "limit", where, () => {
    return `picture is too large. Expected at most ${maxPixels} pixels; got ${width} × ${height}.`;
  });
  return { width, height, depth, colour };
}

function paletteOf(body: Uint8Array, { header, palette }: Partial<Chunks>, late: boolean, where: string): Uint8Array {
  const most = header!.colour === 3 ? 2 ** header!.depth : 256;
  const fits = body.length % 3 === 0 && body.length >= 3 && body.length <= 3 * most && !late && palette === undefined;
  check(
    fits,
    "format",
    where,
    () => `PLTE is unusable. Expected 1 to ${most} colours once, before IDAT; got ${body.length} bytes.`,
  );
  return body;
}
