import { concatenated } from "../../formats/concatenated.ts";
import { check, LatentError, quote, show } from "../../formats/errors.ts";
import { type Idx, parseIdx } from "../../formats/idx.ts";
import { type NpyArray, parseNpy } from "../../formats/npy.ts";
import { parseNpz } from "../../formats/npz.ts";
import type { Part, Reading, Source } from "./source.ts";

type Values = Idx["values"] | NpyArray["values"];
interface Found {
  readonly kind: string;
  readonly shape: readonly number[];
  readonly values: Values;
}

/** Most bytes that a compressed IDX file may become. */
const MOST_BYTES = 2 ** 30;

/** The array in a file, whose first bytes tell its format. */
async function arrayIn(file: string, bytes: Uint8Array, name: string | undefined): Promise<Found> {
  const [first, second, third] = bytes;
  if (first === 0x93) return { kind: "npy", ...parseNpy(bytes, file) };
  if (first === 0x50 && second === 0x4b) return { kind: "npz", ...arrayOfNpz(file, bytes, name) };
  if (first === 0x1f && second === 0x8b) return { kind: "IDX", ...parseIdx(await unzipped(file, bytes), file) };
  if (first === 0 && second === 0) return { kind: "IDX", ...parseIdx(bytes, file) };
  const start = [first, second, third].map((byte) => (byte ?? 0).toString(16).padStart(2, "0")).join(" ");
  throw new LatentError(
    "format",
    `${file}: unknown kind of file. Expected npy, npz, IDX (.gz as well) or a folder of images; got ${bytes.length} bytes that start with ${start}.`,
  );
}

/** What gzip packed, read in pieces so that a bomb ends at the cap. */
async function unzipped(file: string, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) return concatenated(Uint8Array, pieces);
      pieces.push(value);
      size += value.length;
      check(size <= MOST_BYTES, "limit", file, () => {
        return `gzip holds too much. Expected at most ${MOST_BYTES} bytes unpacked; got more.`;
      });
    }
  } catch (cause) {
    if (cause instanceof LatentError) throw cause;
    const detail = `Expected an IDX file in it; got ${(cause as Error).message}.`;
    throw new LatentError("format", `${file}: gzip cannot be read. ${detail}`, { cause });
  }
}

function arrayOfNpz(file: string, bytes: Uint8Array, name: string | undefined): NpyArray {
  const names: string[] = [];
  // looks at names alone
  parseNpz(bytes, { arrays: (found) => names.push(found) < 0, where: file });
  const chosen =
    name ?? (names.length === 1 ? names[0] : names.find((found) => found === "arr_0" || found === "images"));
  check(chosen !== undefined && names.includes(chosen), "argument", file, () => {
    const listed =
      names
        .slice(0, 12)
        .map((found) => quote(found))
        .join(", ") || "none";
    return `which array is not clear. Expected --array with one of ${listed}; got ${name === undefined ? "none" : quote(name)}.`;
  });
  return parseNpz(bytes, { arrays: [chosen], where: file }).get(chosen)!;
}

/** Sizes of one image, and whether its channels come last. */
function imageAxes(
  file: string,
  shape: readonly number[],
  layout: Reading["layout"],
): { image: [number, number, number]; isLast: boolean } {
  const [, a = 0, b = 0, c = 0] = shape;
  if (shape.length === 3) return { image: [1, a, b], isLast: false };
  const [isLast, isFirst] = [c === 1 || c === 3, a === 1 || a === 3];
  check(
    isLast || isFirst,
    "shape",
    file,
    () => `wrong channels. Expected [n, h, w, 1 or 3] or [n, 1 or 3, h, w]; got ${show(shape)}.`,
  );
  check(
    layout !== undefined || isLast !== isFirst,
    "argument",
    file,
    () => `which axis holds the channels is not clear. Give --layout nhwc or nchw; got ${show(shape)}.`,
  );
  const last = layout ? layout === "nhwc" : isLast;
  check(
    last ? isLast : isFirst,
    "shape",
    file,
    () => `--layout ${layout} does not fit. Expected 1 or 3 channels; got ${show(shape)}.`,
  );
  return last ? { image: [c, a, b], isLast: true } : { image: [a, b, c], isLast: false };
}

/** The samples of an npy, npz or IDX file. Throws LatentError as its reader does; "data" on pixels out of their range. */
export async function arraySource(where: string, path: string, bytes: Uint8Array, reading: Reading): Promise<Source> {
  const file = `${where} ${path}`;
  const { kind, shape, values } = await arrayIn(file, bytes, reading.array);
  check(
    shape.length >= 2 && shape.length <= 4 && values.length > 0,
    "shape",
    file,
    () =>
      `unusable array. Expected features [n, d] or images [n, h, w], [n, h, w, c] or [n, c, h, w]; got ${show(shape)}.`,
  );
  const isImages = shape.length > 2;
  const { image, isLast } = isImages
    ? imageAxes(file, shape, reading.layout)
    : { image: [1, 1, shape[1]!] as const, isLast: false };
  const [channels] = image;
  check(
    !isImages || reading.channels === undefined || reading.channels === channels,
    "shape",
    file,
    () => `wrong channels. Expected ${reading.channels}; got ${channels}. --channels changes files of images only.`,
  );
  const isBytes = isImages && values instanceof Uint8Array;
  check(
    !isImages || isBytes || values instanceof Float32Array || values instanceof Float64Array,
    "data",
    file,
    () => "images of this type have no known range. Expected bytes, or floats from 0 to 1.",
  );
  const { first, of } = reading.shard ?? { first: 0, of: 1 };
  const indices = Array.from({ length: Math.max(0, Math.ceil((shape[0]! - first) / of)) }, (_, i) => first + i * of);
  const length = values.length / shape[0]!;
  let largest = 0;
  const fitted = reading.fit && isImages ? reading.fit : undefined;
  let size: readonly number[] = isImages ? image : [shape[1]!];

  /** One sample, its channels first. */
  const sample = (index: number): Uint8Array | Float32Array => {
    const given = values.subarray(index * length, (index + 1) * length);
    const found = isBytes ? new Uint8Array(length) : new Float32Array(length);
    const area = length / channels;
    for (let i = 0; i < length; i++) {
      const value = given[i]!;
      if (isImages && !isBytes) checkPixel(file, value, index);
      if (value > largest) largest = value;
      found[isLast ? (i % channels) * area + Math.floor(i / channels) : i] = value;
    }
    return found;
  };

  const fittedSample = async (index: number): Promise<Uint8Array | Float32Array> => {
    const found = sample(index);
    if (!fitted) return found;
    const { shape: to, pixels } = await fitted([...image], found);
    size = to;
    return pixels;
  };

  return {
    path,
    kind,
    total: indices.length,
    isImages,
    get shape() {
      return size;
    },
    skipped: [],
    get warnings() {
      return isBytes && largest <= 1
        ? [`${path}: no byte is above 1. Bytes stand for 0 to 255; are these 0 to 1?`]
        : [];
    },
    async sample(index) {
      const at = indices[index]!;
      return { name: `${isImages ? "image" : "row"} ${at}`, values: await fittedSample(at) };
    },
    async *parts(most, from = 0): AsyncGenerator<Part> {
      for (let at = from; at < indices.length; at += most) {
        const chosen = indices.slice(at, at + most);
        const images: (Uint8Array | Float32Array)[] = [];
        for (const index of chosen) images.push(await fittedSample(index));
        const all =
          images[0] instanceof Uint8Array
            ? new Uint8Array(images[0].length * images.length)
            : new Float32Array(images[0]!.length * images.length);
        for (const [i, one] of images.entries()) all.set(one, i * one.length);
        yield { count: chosen.length, values: all, position: at + chosen.length };
      }
    },
  };
}

/** Rounding of a resize may leave the range a little. */
const SLACK = 1e-3;

function checkPixel(file: string, value: number, index: number): void {
  check(value >= -SLACK && value <= 1 + SLACK, "data", file, () => {
    const remedy = value > 1 ? " Divide by 255, or give bytes." : value < 0 ? " Scale −1 to 1 by (x + 1) / 2." : "";
    return `a pixel of image ${index} is out of range. Expected floats from 0 to 1; got ${value}.${remedy}`;
  });
}
