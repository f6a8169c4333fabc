import { loadMnist, type Mnist } from "../../data/mnist.ts";
import type { Image } from "../../models/latent/network.ts";
import { luma } from "../command/luma.ts";
import type { OwnImages } from "./messages.ts";

/** Images to learn from, and others to look at, bytes [n, channels, height, width]. */
export interface ImageSet {
  readonly image: Image;
  readonly train: Uint8Array<ArrayBuffer>;
  readonly test: Uint8Array<ArrayBuffer>;
  readonly labels: { readonly train: Uint8Array<ArrayBuffer>; readonly test: Uint8Array<ArrayBuffer> } | null;
  /** Whether no test image is a training image. */
  readonly heldOut: boolean;
}

let loaded: Promise<Mnist> | undefined;

const copied = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

/** MNIST at `folder`, loaded once. */
export async function mnistSet(folder: string, signal: AbortSignal): Promise<ImageSet> {
  loaded ??= loadMnist(new URL(folder, location.origin), { signal });
  // what failed, or was stopped, is tried again
  loaded.catch(() => (loaded = undefined));
  const { train, test } = await loaded;
  return {
    image: [1, 28, 28],
    train: copied(train.images),
    test: copied(test.images),
    labels: { train: copied(train.labels), test: copied(test.labels) },
    heldOut: true,
  };
}

/** Images from which on every tenth is kept out of training. */
const MIN_IMAGES_TO_HOLD_OUT = 20;

/**
 * Files as images: the largest square in the middle, resized, grey or R, G and B. Throws TypeError naming a file that is no picture, and
 * an aborted signal's reason.
 */
export async function ownSet(
  { files, image }: OwnImages,
  signal: AbortSignal,
  onImage: (done: number) => void,
): Promise<ImageSet> {
  const [channels, size] = image;
  const pixels = channels * size * size;
  const all: Uint8Array[] = [];
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  for (const file of files) {
    signal.throwIfAborted();
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new TypeError(
        `${file.name}: no picture. Expected PNG, JPEG, WebP, GIF, AVIF or BMP; got ${file.type || "a file of no known type"}.`,
      );
    });
    const square = Math.min(bitmap.width, bitmap.height);
    const [left, top] = [(bitmap.width - square) / 2, (bitmap.height - square) / 2];
    // what is transparent is black
    context.fillRect(0, 0, size, size);
    context.drawImage(bitmap, left, top, square, square, 0, 0, size, size);
    bitmap.close();
    all.push(planes(context.getImageData(0, 0, size, size).data, channels));
    onImage(all.length);
  }
  const heldOut = all.length >= MIN_IMAGES_TO_HOLD_OUT;
  const joined = (some: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(some.length * pixels);
    for (const [i, one] of some.entries()) bytes.set(one, i * pixels);
    return bytes;
  };
  const isTest = (_: unknown, i: number): boolean => !heldOut || i % 10 === 9;
  return {
    image: [channels, size, size],
    train: joined(all.filter((one, i) => !heldOut || !isTest(one, i))),
    test: joined(all.filter(isTest)),
    labels: null,
    heldOut,
  };
}

/** R, G, B, A, pixel after pixel, as planes: luma, as the command line has it, or R, G and B. */
export function planes(rgba: Uint8ClampedArray, channels: number): Uint8Array {
  const pixels = rgba.length / 4;
  const grey = (at: number) => luma(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!);
  return Uint8Array.from({ length: channels * pixels }, (_, i) =>
    channels === 1 ? grey(4 * i) : rgba[4 * (i % pixels) + Math.floor(i / pixels)]!,
  );
}
