import { Digits } from "../../features/digits.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { clamp } from "../../graph/ops/elementwise.ts";
import type { Dataset } from "../../data/dataset.ts";
import { permutation } from "../../data/philox.ts";
import { slice } from "../../graph/ops/slice.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { Moments } from "../../linalg/moments.ts";
import type { Rows } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import { classScore } from "../../metrics/classScore.ts";
import { frechetDistance } from "../../metrics/frechet.ts";
import type { ClassifierReport, Scores } from "../report.ts";
import { type JobContext, part } from "./modelEntry.ts";
import type { OnProgress } from "./stages.ts";

export const NETWORK = "digit CNN";
const FEATURES = 64;
const CLASSES = 10;
/** Parts of the samples whose class scores give mean and deviation. */
const SPLITS = 10;
/** Images of one pass through the network. */
const BATCH = 1000;

/** The trained classifier, and what the samples' features are compared with. */
export interface Evaluator {
  report: ClassifierReport;
  floor: Scores;
  /** Scores of images [n, 1, 28, 28], clamped to [0, 1]. */
  scores: (images: Tensor, report: OnProgress) => Promise<Scores>;
  dispose: () => void;
}

/** Trains the classifier on the training images, then takes the moments of their features, and scores real test images. */
export async function evaluator(context: JobContext, report: OnProgress): Promise<Evaluator> {
  const { gpu, train, test, settings, seed, signal } = context;
  const digits = new Digits(gpu, { seed });
  try {
    const start = performance.now();
    const abort = signal ? { signal } : {};
    await digits.fit(train, undefined, {
      epochs: settings.classifierEpochs,
      batch: settings.batch,
      seed,
      ...abort,
      onProgress: ({ step, total, loss }) =>
        report({ step: (0.7 * step) / total, total: 1, status: `cross-entropy ${loss.toFixed(3)}` }),
    });
    const seconds = (performance.now() - start) / 1000;
    const accuracy = await digits.accuracy(test);
    const onProgress = part(report, 0.75, 0.9);
    const reference = await withRandomImages(train, settings.reference, ({ count, images }) => {
      const rows: Rows = { count, dim: FEATURES, batch: (at, size) => digits.features(images(at, size)) };
      return Moments.of(rows, { onProgress, ...abort });
    });
    const scores: Evaluator["scores"] = (images, progress) => scoresOf(digits, images, reference, context, progress);
    const floor = await withRandomImages(test, settings.samples, ({ count, images }) =>
      gpu.scope(() => scores(images(0, count), part(report, 0.9, 1))),
    );
    return {
      report: {
        network: NETWORK,
        parameters: await parameters(digits),
        features: FEATURES,
        seconds,
        accuracy,
        n: test.count,
      },
      floor,
      scores,
      dispose: () => digits.dispose(),
    };
  } catch (error) {
    digits.dispose();
    throw error;
  }
}

/** Some images of a data set, in batches that the one who asked disposes. */
interface RandomImages {
  count: number;
  images: (start: number, size: number) => Tensor;
}

/**
 * `wanted` images drawn from all over the data set, always the same ones. The first would not do, nor every sixth: MNIST's
 * test images get harder in their second half, and its training images of different writers take turns.
 */
async function withRandomImages<T>(
  data: Dataset,
  wanted: number,
  use: (drawn: RandomImages) => Promise<T>,
): Promise<T> {
  const count = Math.min(wanted, data.count);
  const places = permutation(data.count, { seed: 0, stream: streamOf("baseline images") });
  const order = data.gpu.tensor(places, [data.count]);
  const owned: Tensor[] = [order];
  const images = (start: number, size: number): Tensor => {
    const trainCounters = data.gpu.tensor(Uint32Array.of(0, start, 0, 0), [4]);
    owned.push(trainCounters);
    return data.batch(order, trainCounters, size).x;
  };
  try {
    return await use({ count, images });
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}

async function parameters(digits: Digits): Promise<number> {
  const { tensors } = parseSafetensors(await digits.save());
  return [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0);
}

async function scoresOf(
  digits: Digits,
  images: Tensor,
  reference: Moments,
  { gpu, signal }: JobContext,
  report: OnProgress,
): Promise<Scores> {
  const n = images.shape[0]!;
  const moments = Moments.empty(FEATURES);
  const probabilities = new Float32Array(n * CLASSES);
  for (let start = 0; start < n; start += BATCH) {
    signal?.throwIfAborted();
    const stop = Math.min(n, start + BATCH);
    await gpu.scope(async () => {
      const some = clamp(slice(images, 0, start, stop), 0, 1);
      const [features, classes] = [digits.features(some), digits.probabilities(some)];
      await gpu.evaluate([features, classes]);
      await moments.update(features);
      probabilities.set((await classes.read()) as Float32Array, start * CLASSES);
    });
    report({ step: stop, total: n });
  }
  const { value: distance } = await frechetDistance(reference, moments);
  const classes = gpu.tensor(probabilities, [n, CLASSES]);
  const splits = Math.min(SPLITS, n);
  const { value: score, deviation = 0 } = await classScore(classes, { splits, seed: 0 });
  classes.dispose();
  return {
    frechet: { value: distance, n, network: NETWORK, reference: "training images", referenceN: reference.count },
    classScore: { value: score, deviation, n, splits, network: NETWORK },
  };
}
