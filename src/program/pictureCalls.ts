import type { Device } from "../device/device.ts";
import { check, checkOptions, LatentError, named } from "../device/errors.ts";
import { lazy } from "../graph/lazy.ts";
import type { Storage } from "../graph/storage.ts";
import { Tensor } from "../graph/tensor.ts";
import { capture, type Captured, free, type Source } from "./capture.ts";
import type { Engine } from "./engine.ts";
import { pending } from "./lifetime.ts";
import type { Pictures } from "./pictures.ts";

type Named = { readonly [name: string]: unknown };

const where = "fromImage";

/** Columns and rows of a picture. Throws LatentError where it has none, or bytes of another number. */
function sidesOf(at: string, source: Source): [columns: number, rows: number] {
  const from = Object(source) as Source & Named;
  const sideOf = (name: string) =>
    Number(from[`display${name}`] ?? from[`video${name}`] ?? from[`natural${name}`] ?? from[name.toLowerCase()]);
  const [columns, rows] = [sideOf("Width"), sideOf("Height")];
  check(rows > 0 && columns > 0, "argument", at, () => {
    const size = columns >= 0 ? ` of ${columns} × ${rows}: closed, detached or not loaded` : "";
    return `expected a canvas, ImageBitmap, ImageData, image, video, VideoFrame or GPUTexture; got ${named(source)}${size}.`;
  });
  const bytes = from.data?.byteLength ?? 0;
  check(
    from.data?.BYTES_PER_ELEMENT !== 1 || bytes === 4 * rows * columns,
    "shape",
    at,
    () => `expected R, G, B, A of ${columns} × ${rows} pixels; got ${bytes} bytes.`,
  );
  return [columns, rows];
}

const later = lazy(() => import("./lazyPictures.ts"));
/** `fromImage`, `toTexture` and `draw` of a gpu. Kernels, and what draws, are loaded at the first call. */
export const picturesOf = (gpu: Engine, device: Device): Pictures => ({
  fromImage(source, options = {}) {
    device.check(where);
    checkOptions(where, options, ["size", "channels", "range"]);
    const sources = (Array.isArray(source) ? source : [source]) as (Source & Named)[];
    check(sources.length > 0, "argument", where, () => "expected at least one image; got none.");
    const nameOf = (i: number) => (Array.isArray(source) ? `${where}, image ${i}` : where);
    const sides = sources.map((from, i) => sidesOf(nameOf(i), from));
    const [columns, rows] = sides[0]!;
    const { size = [rows, columns], channels = 3, range = [0, 1] } = options;
    const sizes = typeof size === "number" ? [size, size] : [size].flat();
    const [height, width] = sizes as [number, number];
    const [low, high] = [range].flat() as [number, number];
    check(
      sizes.length === 2 &&
        [height, width, channels].every((n) => n > 0 && Number.isInteger(n)) &&
        [1, 3, 4].includes(channels) &&
        [low, high].every(Number.isFinite),
      "argument",
      where,
      () =>
        `expected size [height, width], channels 1, 3 or 4, range [low, high]; got ${[size, channels, range].join("; ")}.`,
    );
    const other = options.size ? -1 : sides.findIndex(([w, h]) => w !== columns || h !== rows);
    check(other < 0, "shape", nameOf(other), () => {
      return `expected ${columns} × ${rows} pixels, as in the first; got ${sides[other]!.join(" × ")}. Give a size.`;
    });
    const storage: Storage = device.place(where, 4 * channels * height * width * sources.length);
    const all: Captured[] = [];
    const freeAll = () => all.forEach(free);
    for (const [i, from] of sources.entries()) {
      const texture = from.createView ? (from as unknown as GPUTexture) : null;
      const captured: Captured = { where: nameOf(i), pixels: texture, texture, size: sides[i]! };
      all.push(captured);
      try {
        captured.refusal = device.refusal(where, () => capture(where, device, captured, from));
      } catch (cause) {
        freeAll();
        device.pool.give(storage.buffer);
        const code = globalThis.OffscreenCanvas ? "argument" : "unsupported";
        throw new LatentError(code, `${nameOf(i)}: ${named(from)} gives no pixels here. ${String(cause)}`, { cause });
      }
    }
    const write = () => later.get().convert(gpu, device, storage, all, { channels, height, width, low, high });
    storage.unwritten = true;
    pending(storage, later.get() ? write() : later.load().then(write, (error: LatentError) => (freeAll(), error)));
    const shape = [sources.length, channels, height, width];
    return new Tensor(gpu, { shape, dtype: "f32" }, { kind: "stored", storage, state: false });
  },
  toTexture: (...given) => gpu.outside(async () => (await later.load(), later.get().toTexture(gpu, device, ...given))),
  draw: (...given) => gpu.outside(async () => (await later.load(), later.get().draw(gpu, device, ...given))),
});
