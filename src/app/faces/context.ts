import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Dataset } from "../../data/dataset.ts";
import { permutation } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { BlazeFace } from "../../features/blazeFace.ts";
import { extract } from "../../features/extract.ts";
import { TinyFace } from "../../features/tinyFace.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { FaceSettings } from "./settings.ts";

/** Images of one pass through a network. */
export const BATCH = 50;

/** Width in pixels to which the tiny face detector stretches images. */
const SIDE = 128;

/** Tiles along each axis into which images are cut that shall show no face. */
const TILES = 4;

/** What all models are fitted to and judged with. */
export interface FaceContext {
  readonly gpu: Gpu;
  readonly settings: FaceSettings;
  readonly seed: number;
  /** What every long call is given: the signal that ends the command. */
  readonly long: { readonly signal?: AbortSignal };
  /** Bytes of the images that models are fitted to, [count, 3, width, width]. */
  readonly trainImages: Uint8Array<ArrayBuffer>;
  readonly train: Dataset;
  readonly test: Dataset;
  /** Test images in shuffled tiles: colours of faces, and no face. */
  readonly shuffled: Dataset;
  readonly blazeFace: BlazeFace;
  readonly tinyFace: TinyFace;
  /** Codes of the first training images by BlazeFace, as many as are sampled. */
  readonly reference: Tensor;
  dispose(): void;
}

/** Images [count, 3, width, width] with their 4 × 4 tiles in an order drawn for each. */
export function shuffledTiles(images: Uint8Array, width: number, seed: number): Uint8Array<ArrayBuffer> {
  const [plane, tile] = [width * width, width / TILES];
  const mixed = new Uint8Array(images.length);
  for (let at = 0; at < images.length; at += 3 * plane) {
    const order = permutation(TILES * TILES, { seed, stream: streamOf("tiles"), step: at / (3 * plane) });
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < width; y++)
        for (let x = 0; x < width; x++) {
          const from = order[Math.floor(y / tile) * TILES + Math.floor(x / tile)]!;
          const row = Math.floor(from / TILES) * tile + (y % tile);
          const column = (from % TILES) * tile + (x % tile);
          mixed[at + c * plane + y * width + x] = images[at + c * plane + row * width + column]!;
        }
  }
  return mixed;
}

const weights = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(createRequire(import.meta.url).resolve(path)));

/** Codes [n, 96] of images by BlazeFace, values outside [0, 1] as they are; the caller disposes them. */
export const codesOf = (
  { blazeFace, long }: Pick<FaceContext, "blazeFace" | "long">,
  images: Dataset | Tensor,
): Promise<Tensor> => extract(blazeFace, images, { batch: BATCH, ...long });

/** Puts images [n, 3, width, width] onto the GPU, the first of them to fit, the rest to test. The one who asked disposes it. */
export async function faceContext(
  gpu: Gpu,
  images: Uint8Array<ArrayBuffer>,
  settings: FaceSettings,
  seed: number,
  signal?: AbortSignal,
): Promise<FaceContext> {
  const long = { signal };
  const owned: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(one: T): T => (owned.push(one), one);
  const dispose = (): void => {
    for (const one of owned.splice(0).reverse()) one.dispose();
  };
  try {
    const { width } = settings;
    const features = 3 * width * width;
    const split = settings.trainImages * features;
    const [trainImages, testImages] = [images.subarray(0, split), images.subarray(split)];
    const dataset = (bytes: Uint8Array<ArrayBuffer>): Dataset =>
      own(Dataset.from(gpu, bytes, [bytes.length / features, 3, width, width]));
    const train = dataset(trainImages);
    const blazeFace = own(await BlazeFace.load(gpu, weights("@mediapipe/face_detection/face_detection_short_range.tflite"))); // prettier-ignore
    const tinyFace = own(
      await TinyFace.load(gpu, weights("@vladmandic/face-api/model/tiny_face_detector_model.bin"), { size: SIDE }),
    );
    const first = train.slice(0, Math.min(train.count, settings.samples));
    const reference = own(await codesOf({ blazeFace, long }, first));
    first.dispose();
    return {
      gpu,
      settings,
      seed,
      long,
      trainImages,
      train,
      test: dataset(testImages),
      shuffled: dataset(shuffledTiles(testImages, width, seed)),
      blazeFace,
      tinyFace,
      reference,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
