import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createAvatar } from "@dicebear/core";
import * as micah from "@dicebear/micah";
import { Resvg } from "@resvg/resvg-js";
import { parseNpy, writeNpy } from "../../formats/npy.ts";
import { writeFileWhole } from "../../node.ts";

const BACKGROUNDS = ["b6e3f4", "c0aede", "d1d4f9"];

/**
 * Drawn faces, [count, 3, width, width] bytes, RGB, plane by plane: image i is the avatar of the seed "latentgpu i".
 * Design: Avatar Illustration System by Micah Lanier (CC BY 4.0), drawn by DiceBear.
 */
export function avatars(count: number, width: number): Uint8Array<ArrayBuffer> {
  const plane = width * width;
  const images = new Uint8Array(count * 3 * plane);
  for (let i = 0; i < count; i++) {
    const svg = createAvatar(micah, { seed: `latentgpu ${i}`, backgroundColor: BACKGROUNDS }).toString();
    const { pixels } = new Resvg(svg, { fitTo: { mode: "width", value: width }, background: "#fff" }).render();
    for (let at = 0; at < 3 * plane; at++)
      images[i * 3 * plane + at] = pixels[4 * (at % plane) + Math.floor(at / plane)]!;
  }
  return images;
}

/** The same, kept in a file of the folder: drawing takes some ten milliseconds an image. */
export async function storedAvatars(folder: string, count: number, width: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = join(folder, `avatars-${count}-${width}.npy`);
  if (existsSync(file)) return Uint8Array.from(parseNpy(readFileSync(file), file).values as Uint8Array);
  const images = avatars(count, width);
  mkdirSync(folder, { recursive: true });
  await writeFileWhole(file, writeNpy({ shape: [count, 3, width, width], values: images }));
  return images;
}
