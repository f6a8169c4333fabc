import { parseSafetensors } from "../../formats.ts";

/** Real digits of the test set, as the page shows them. */
export interface Examples {
  /** Mean codes of the points, [points, latent]. */
  readonly codes: Float32Array;
  /** Their classes. */
  readonly labels: Uint8Array;
  /** Pairs of directions by name, [2, latent]. */
  readonly directions: { readonly [name in "classes" | "principal"]: Float32Array };
}

/** Where the models lie, seen from the page. */
const FOLDER = "src/app/studio/models/";

/** The bytes of a file beside the models. Throws an error that names the file. */
export async function bytesOf(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(new URL(FOLDER + name, document.baseURI));
  if (!answer.ok) throw new Error(`models: ${name} did not load. Expected status 200; got ${answer.status}.`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Reads what examplesFile wrote. */
export function parseExamples(bytes: Uint8Array): Examples {
  const { tensors, metadata } = parseSafetensors(bytes, { where: "examples" });
  const range = Number(metadata.get("range"));
  const of = <T>(name: string): T => tensors.get(name)!.data as T;
  return {
    codes: Float32Array.from(of<Uint8Array>("codes"), (byte) => (byte / 255 - 0.5) * 2 * range),
    labels: of<Uint8Array>("labels"),
    directions: { classes: of<Float32Array>("classes"), principal: of<Float32Array>("principal") },
  };
}

/** The sheet of digits as grey levels in [0, 1], [count, 784]. */
export async function sheetPixels(bytes: Uint8Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const { width } = picture;
  const context = new OffscreenCanvas(width, width).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  picture.close();
  const { data } = context.getImageData(0, 0, width, width);
  const columns = width / 28;
  const pixels = new Float32Array(width * width);
  for (let i = 0; i < columns * columns; i++) {
    const corner = Math.floor(i / columns) * 28 * width + (i % columns) * 28;
    for (let p = 0; p < 784; p++)
      pixels[i * 784 + p] = data[4 * (corner + Math.floor(p / 28) * width + (p % 28))]! / 255;
  }
  return pixels;
}
