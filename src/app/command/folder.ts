import { check, LatentError, show } from "../../formats/errors.ts";
import type { Files } from "./files.ts";
import { planesOf } from "./picture.ts";
import type { Part, Reading, Skipped, Source } from "./source.ts";

/** Most bytes of one image's file. */
const MOST_BYTES = 2 ** 28;

/** Names of the images in a folder, sorted by code points: the same order on every machine. */
async function imagesIn(where: string, files: Files, folder: string, { recursive, shard }: Reading): Promise<string[]> {
  const found = await files.names(folder, recursive);
  const names = found.filter((name) => /\.(png|jpe?g)$/i.test(name)).sort((a, b) => (a < b ? -1 : 1));
  check(names.length > 0, "data", `${where} ${folder}`, () => {
    const remedy = recursive ? "" : " Folders within it need --recursive.";
    return `no images. Expected files that end in .png, .jpg or .jpeg; got ${found.length} other files.${remedy}`;
  });
  return shard ? names.filter((_, i) => i % shard.of === shard.first) : names;
}

/** The images of a folder, decoded as they are asked for. */
export async function folderSource(where: string, files: Files, path: string, reading: Reading): Promise<Source> {
  const names = await imagesIn(where, files, path, reading);
  const skipped: Skipped[] = [];
  /** Names of images that were given out, in order. */
  const used: string[] = [];
  let shape: readonly number[] | undefined;
  let model = "";
  let transparent = 0;

  const read = async (name: string) => {
    const file = files.join(path, name);
    const planes = await planesOf(await files.bytes(where, file, MOST_BYTES), `${where} ${file}`, reading);
    const { shape: sizes, pixels } = reading.fit ? await reading.fit(planes.shape, planes.pixels) : planes;
    return { sizes, pixels, wasTransparent: planes.wasTransparent };
  };
  const next = async (name: string): Promise<Uint8Array | Float32Array> => {
    const { sizes, pixels, wasTransparent } = await read(name);
    if (shape === undefined) [shape, model] = [sizes, name];
    check(String(shape) === String(sizes), "shape", `${where} ${files.join(path, name)}`, () => {
      const [channels, ...size] = [sizes[0] !== shape![0], ...sizes];
      const remedy = channels ? "Give --channels 1 or 3." : `Give --resize ${shape![1]}x${shape![2]}.`;
      return `images differ. Expected ${show(shape!)} (channels, height, width), as in ${model}; got ${show(size)}. ${remedy}`;
    });
    if (wasTransparent) transparent++;
    used.push(name);
    return pixels;
  };

  return {
    path,
    kind: "folder",
    total: names.length,
    isImages: true,
    get shape() {
      return shape ?? [];
    },
    skipped,
    get warnings() {
      return transparent > 0
        ? [`${path}: ${transparent} images are transparent in places; opacity is dropped, as PIL does.`]
        : [];
    },
    async sample(index) {
      const name = used[index]!;
      return { name, values: (await read(name)).pixels };
    },
    async *parts(size, from = 0): AsyncGenerator<Part> {
      let pending: (Uint8Array | Float32Array)[] = [];
      for (const [i, name] of names.entries()) {
        if (i < from) continue;
        try {
          pending.push(await next(name));
        } catch (error) {
          if (reading.onError === "stop" || !(error instanceof LatentError)) throw error;
          skipped.push({ file: files.join(path, name), reason: error.message });
        }
        const isLast = i === names.length - 1;
        if (pending.length === size || isLast) {
          yield { count: pending.length, values: together(pending), position: i + 1 };
          pending = [];
        }
      }
    },
  };
}

function together(images: readonly (Uint8Array | Float32Array)[]): Uint8Array | Float32Array {
  const length = images[0]?.length ?? 0;
  const all =
    images[0] instanceof Float32Array
      ? new Float32Array(length * images.length)
      : new Uint8Array(length * images.length);
  for (const [i, image] of images.entries()) all.set(image, i * length);
  return all;
}
