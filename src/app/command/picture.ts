import type { DecodedPicture } from "../../formats/pngRead.ts";
import { decodePng } from "../../formats/pngRead.ts";
import { check, LatentError, show } from "../../formats/errors.ts";
import { luma } from "./luma.ts";

/** One image, its channels one after the other: pixels[(c · height + y) · width + x], 0 to 255. */
export interface Planes {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly pixels: Uint8Array;
  /** Whether an opacity below 255 was dropped. */
  readonly wasTransparent: boolean;
}

/** How files become images. */
export interface PictureOptions {
  readonly maxPixels: number;
  /** Grey or RGB, whatever the file has. */
  readonly channels?: 1 | 3 | undefined;
}

const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8;

/**
 * The image in a PNG or JPEG file, told by its first bytes. Opacity is dropped, as PIL's convert("RGB") does.
 * Throws LatentError: what decodePng throws, "unsupported" on JPEG without the package jpeg-js.
 */
export async function planesOf(
  bytes: Uint8Array,
  where: string,
  { maxPixels, channels }: PictureOptions,
): Promise<Planes> {
  const picture = isJpeg(bytes) ? await decodeJpeg(bytes, where, maxPixels) : decodePng(bytes, { where, maxPixels });
  const { width, height, pixels } = picture;
  const has = picture.channels;
  const colours = has >= 3 ? 3 : 1;
  const wanted = channels ?? colours;
  const area = width * height;
  const planes = new Uint8Array(wanted * area);
  let wasTransparent = false;
  for (let i = 0; i < area; i++) {
    const at = i * has;
    if (has === colours + 1 && pixels[at + colours]! < 255) wasTransparent = true;
    if (wanted === 1 && colours === 3) planes[i] = luma(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!);
    else for (let c = 0; c < wanted; c++) planes[c * area + i] = pixels[at + (colours === 1 ? 0 : c)]!;
  }
  return { shape: [wanted, height, width], pixels: planes, wasTransparent };
}

async function decodeJpeg(bytes: Uint8Array, where: string, maxPixels: number): Promise<DecodedPicture> {
  const found = await import("jpeg-js").catch((cause: unknown) => {
    const remedy = "Install it: npm install jpeg-js, or convert the files to PNG.";
    throw new LatentError("unsupported", `${where}: JPEG needs the package jpeg-js, which is missing. ${remedy}`, {
      cause,
    });
  });
  // a bundler gives what a CommonJS package exports as its default alone
  const { decode } = found.default;
  const { width: w, height: h } = jpegSize(bytes, where);
  check(
    w * h <= maxPixels,
    "limit",
    where,
    () => `picture is too large. Expected at most ${maxPixels} pixels; got ${w} × ${h}.`,
  );
  try {
    const { width, height, data } = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Math.ceil(maxPixels / 1e6),
      maxMemoryUsageInMB: 64 + Math.ceil((w * h * 40) / 2 ** 20),
    });
    return { width, height, channels: 3, pixels: data };
  } catch (cause) {
    throw new LatentError(
      "format",
      `${where}: JPEG cannot be read. Expected a baseline or progressive one; got ${String(cause)}.`,
      { cause },
    );
  }
}

/** Sizes in a JPEG file's frame header, found before anything is decoded. */
function jpegSize(bytes: Uint8Array, where: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      check(
        width > 0 && height > 0,
        "format",
        where,
        () => `JPEG has unusable sizes. Expected at least 1; got ${show([height, width])}.`,
      );
      return { width, height };
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  throw new LatentError("format", `${where}: JPEG has no frame. Expected its sizes in a header; got none.`);
}
