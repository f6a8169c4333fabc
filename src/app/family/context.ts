import { Dataset } from "../../data/dataset.ts";
import type { Mnist } from "../../data/mnist.ts";
import { unitUniforms } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { Digits } from "../../features/digits.ts";
import { extract } from "../../features/extract.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { Moments } from "../../linalg/moments.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { FamilySettings } from "./settings.ts";

/** Images of one pass through the digit network. */
const BATCH = 500;

/** What all models of the family are trained and judged with. */
export interface FamilyContext {
  readonly gpu: Gpu;
  readonly settings: FamilySettings;
  readonly seed: number;
  readonly digits: Digits;
  /** Training images in grey levels, with labels. */
  readonly train: Dataset;
  readonly trainLabels: Uint8Array;
  /** The first of them, those whose codes are looked at, with each pixel drawn as 0 or 1 once. */
  readonly trainBinary: Dataset;
  /** Test images: in grey levels, and with each pixel drawn as 0 or 1 once. */
  readonly test: { readonly grey: Dataset; readonly binary: Dataset };
  readonly testLabels: Uint8Array;
  /** Moments of all training images' features, and the features of as many as are sampled. */
  readonly reference: { readonly moments: Moments; readonly features: Tensor };
  dispose(): void;
}

/** Pixels drawn as 0 or 255, 255 with the probability that the grey level says. */
export function binarized(images: Uint8Array, seed: number): Uint8Array<ArrayBuffer> {
  const draws = unitUniforms(images.length, seed, streamOf("binary test images"));
  return Uint8Array.from(images, (grey, i) => (draws[i]! < grey / 255 ? 255 : 0));
}

/** Puts MNIST onto the GPU and takes the features of real images. The one who asked disposes it. */
export async function familyContext(
  gpu: Gpu,
  { train, test }: Mnist,
  settings: FamilySettings,
  seed: number,
): Promise<FamilyContext> {
  const owned: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(one: T): T => (owned.push(one), one);
  const dispose = (): void => {
    for (const one of owned.reverse()) one.dispose();
  };
  try {
    const dataset = (images: Uint8Array, labels: Uint8Array): Dataset =>
      own(Dataset.from(gpu, images as Uint8Array<ArrayBuffer>, [labels.length, 1, 28, 28], { labels }));
    const trainLabels = train.labels.subarray(0, settings.trainImages);
    const testLabels = test.labels.subarray(0, settings.testImages);
    const grey = test.images.subarray(0, settings.testImages * 784);
    const digits = own(await Digits.v1(gpu));
    const data = dataset(train.images.subarray(0, settings.trainImages * 784), trainLabels);
    const features = await extract(digits, data, { batch: BATCH });
    const moments = await Moments.of(features);
    const some = own(gpu.tensor((await features.read()).slice(0, settings.samples * features.shape[1]!) as Float32Array<ArrayBuffer>, [settings.samples, features.shape[1]!])); // prettier-ignore
    features.dispose();
    return {
      gpu,
      settings,
      seed,
      digits,
      train: data,
      trainLabels,
      trainBinary: dataset(binarized(train.images.subarray(0, settings.codes * 784), seed + 1), trainLabels.subarray(0, settings.codes)), // prettier-ignore
      test: { grey: dataset(grey, testLabels), binary: dataset(binarized(grey, seed), testLabels) },
      testLabels,
      reference: { moments, features: some },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Features of images [n, 1, 28, 28] in [0, 1], which the caller disposes. */
export const featuresOf = ({ digits }: FamilyContext, images: Dataset | Tensor): Promise<Tensor> =>
  extract(digits, images, { batch: BATCH });
