import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createAvatar } from "@dicebear/core";
import * as micah from "@dicebear/micah";
import { Resvg } from "@resvg/resvg-js";
import { parseNpy, writeNpy } from "../../formats/npy.ts";
import { writeFileWhole } from "../../node.ts";

const BACKGROUNDS = ["b6e3f4", "c0aede", "d1d4f9"];

/**
 * Drawn faces, [count, 3, width, width] bytes, RGB, plane by plane: image i is the avatar of the seed "latentgpu ⟨from + i⟩".
 * Design: Avatar Illustration System by Micah Lanier (CC BY 4.0), drawn by DiceBear.
 */
export function avatars(count: number, width: number, from = 0): Uint8Array<ArrayBuffer> {
  const plane = width * width;
  const images = new Uint8Array(count * 3 * plane);
  for (let i = 0; i < count; i++) {
    const svg = createAvatar(micah, { seed: `latentgpu ${from + i}`, backgroundColor: BACKGROUNDS }).toString();
    const { pixels } = new Resvg(svg, { fitTo: { mode: "width", value: width }, background: "#fff" }).render();
    for (let at = 0; at < 3 * plane; at++)
      images[i * 3 * plane + at] = pixels[4 * (at % plane) + Math.floor(at / plane)]!;
  }
  return images;
}

/** Images drawn between two looks at what else is to be done, such as ending. */
const AT_ONCE = 50;

/**
 * The same, kept in a file of the folder: drawing takes some ten milliseconds an image. A file whose first image is drawn otherwise now, by
 * another version of DiceBear, is made anew. Throws the signal's reason.
 */
export async function storedAvatars(
  folder: string,
  count: number,
  width: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = join(folder, `avatars-${count}-${width}.npy`);
  const size = 3 * width * width;
  if (existsSync(file)) {
    const stored = Uint8Array.from(parseNpy(readFileSync(file), file).values as Uint8Array);
    const first = avatars(1, width);
    if (stored.length === count * size && first.every((byte, i) => byte === stored[i])) return stored;
  }
  const images = new Uint8Array(count * size);
  for (let from = 0; from < count; from += AT_ONCE) {
    images.set(avatars(Math.min(AT_ONCE, count - from), width, from), from * size);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  mkdirSync(folder, { recursive: true });
  await writeFileWhole(file, writeNpy({ shape: [count, 3, width, width], values: images }));
  return images;
}
