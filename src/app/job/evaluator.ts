import { Digits } from "../../features/digits.ts";
import { clamp } from "../../graph/ops/elementwise.ts";
import type { Dataset } from "../../data/dataset.ts";
import { permutation } from "../../data/philox.ts";
import { slice } from "../../graph/ops/slice.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { streamOf } from "../../data/streams.ts";
import { authenticity } from "../../metrics/authenticity.ts";
import { classScore } from "../../metrics/classScore.ts";
import { frechetDistance } from "../../metrics/frechet.ts";
import { kernelDistance } from "../../metrics/kernelDistance.ts";
import { precisionRecall } from "../../metrics/precisionRecall.ts";
import type { Limits, NetworkReport, ScoreReport, Scores } from "../report.ts";
import { type JobContext, part } from "./modelEntry.ts";
import type { OnProgress } from "./stages.ts";

const CLASSES = 10;
/** Images of one pass through the network. */
const BATCH = 1000;

/** The network that sees for the measures, and what samples are compared with. */
export interface Evaluator {
  readonly report: NetworkReport;
  readonly floor: Scores;
  /** Scores of images [n, 1, 28, 28], clamped to [0, 1]. */
  readonly scores: (images: Tensor, report: OnProgress) => Promise<Scores>;
  readonly dispose: () => void;
}

/** Loads digits-v1, takes features of training images, and scores real test images. */
export async function evaluator(context: JobContext, report: OnProgress): Promise<Evaluator> {
  const { gpu, train, test, settings } = context;
  const owned: { dispose(): void }[] = [];
  const dispose = (): void => {
    for (const one of owned) one.dispose();
  };
  try {
    const digits = await Digits.v1(gpu);
    owned.push(digits);
    const accuracy = await digits.accuracy(test);
    report({ step: 0.2, total: 1 });
    const referenceCodes = await withRandomImages(train, settings.reference, (images) =>
      codesOf(digits, images, context, part(report, 0.2, 0.7)),
    );
    const reference = setsOf(context, referenceCodes);
    owned.push(reference);
    const scores: Evaluator["scores"] = async (images, progress) => {
      const some = (start: number, size: number): Tensor => slice(images, 0, start, start + size);
      const codes = await codesOf(digits, { count: images.shape[0]!, images: some }, context, part(progress, 0, 0.3));
      return scoresOf(digits, reference, codes, context, part(progress, 0.3, 1));
    };
    const real = await withRandomImages(test, settings.samples, (images) =>
      codesOf(digits, images, context, part(report, 0.7, 0.8)),
    );
    const floor = await scoresOf(digits, reference, real, context, part(report, 0.8, 1));
    const parameters = Object.values(digits.parameters).reduce((sum, { size }) => sum + size, 0);
    const { name, checksum } = digits;
    return {
      report: { name, checksum, parameters, features: referenceCodes.dim, accuracy, n: test.count },
      floor,
      scores,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Images that are asked for in batches, which are made within the asker's scope. */
interface Images {
  readonly count: number;
  readonly images: (start: number, size: number) => Tensor;
}

/**
 * `wanted` images drawn from all over the data set, always the same ones. The first would not do, nor every sixth: MNIST's
 * test images get harder in their second half, and its training images of different writers take turns.
 */
async function withRandomImages<T>(data: Dataset, wanted: number, use: (drawn: Images) => Promise<T>): Promise<T> {
  const places = permutation(data.count, { seed: 0, stream: streamOf("baseline images") });
  using order = data.gpu.tensor(places, [data.count]);
  const images = (start: number, size: number): Tensor =>
    data.batch(order, data.gpu.tensor(Uint32Array.of(0, start, 0, 0), [4]), size).x;
  return await use({ count: Math.min(wanted, data.count), images });
}

/** What the network says of images: features [count, dim] and class probabilities [count, 10], row-major. */
interface Codes {
  readonly count: number;
  readonly dim: number;
  readonly features: Float32Array<ArrayBuffer>;
  readonly probabilities: Float32Array<ArrayBuffer>;
}

async function codesOf(
  digits: Digits,
  { count, images }: Images,
  { gpu, signal }: JobContext,
  report: OnProgress,
): Promise<Codes> {
  let features = new Float32Array();
  const probabilities = new Float32Array(count * CLASSES);
  for (let start = 0; start < count; start += BATCH) {
    signal?.throwIfAborted();
    const size = Math.min(BATCH, count - start);
    await gpu.scope(async () => {
      const some = clamp(images(start, size), 0, 1);
      const [codes, classes] = [digits.features(some), digits.probabilities(some)];
      await gpu.evaluate([codes, classes]);
      const dim = codes.shape[1]!;
      if (start === 0) features = new Float32Array(count * dim);
      features.set((await codes.read()) as Float32Array, start * dim);
      probabilities.set((await classes.read()) as Float32Array, start * CLASSES);
    });
    report({ step: start + size, total: count });
  }
  return { count, dim: features.length / count, features, probabilities };
}

/** Features as the measures take them: of all images, and of the first, where a measure looks at every pair. */
interface Sets {
  readonly all: Tensor;
  readonly paired: Tensor;
  readonly dispose: () => void;
}

function setsOf({ gpu, settings }: JobContext, { count, dim, features }: Codes): Sets {
  const size = Math.min(count, settings.paired);
  const all = gpu.tensor(features, [count, dim]);
  const paired = gpu.tensor(features.slice(0, size * dim), [size, dim]);
  return { all, paired, dispose: () => [all, paired].forEach((tensor) => tensor.dispose()) };
}

async function scoresOf(
  digits: Digits,
  real: Sets,
  codes: Codes,
  context: JobContext,
  report: OnProgress,
): Promise<Scores> {
  const generated = setsOf(context, codes);
  const classes = context.gpu.tensor(codes.probabilities, [codes.count, CLASSES]);
  const options = { features: digits, seed: 0, ...(context.signal ? { signal: context.signal } : {}) };
  const at = (step: number): void => report({ step, total: 4 });
  try {
    const { seed: _, ...unseeded } = options;
    const distance = await frechetDistance(real.all, generated.all, unseeded);
    const score = await classScore(classes, unseeded);
    at(1);
    const kernel = await kernelDistance(real.paired, generated.paired, options);
    at(2);
    const { precision, recall, intervals } = await precisionRecall(real.paired, generated.paired, options);
    at(3);
    const authentic = await authenticity(real.paired, generated.paired, options);
    at(4);
    const of = (
      set: Tensor,
      against: Tensor | undefined,
      value: number,
      interval: Limits | undefined,
    ): ScoreReport => ({
      value,
      ...(interval ? { interval } : {}),
      n: set.shape[0]!,
      ...(against ? { referenceN: against.shape[0]! } : {}),
    });
    const ofPairs = (value: number, interval: Limits | undefined) => of(generated.paired, real.paired, value, interval);
    return {
      frechetDistance: of(generated.all, real.all, distance.value, distance.interval),
      kernelDistance: ofPairs(kernel.value, kernel.interval),
      classScore: of(generated.all, undefined, score.value, score.interval),
      precision: ofPairs(precision, intervals?.["precision"]),
      recall: ofPairs(recall, intervals?.["recall"]),
      authenticity: ofPairs(authentic.value, authentic.intervals?.["authenticity"] ?? authentic.interval),
    };
  } finally {
    generated.dispose();
    classes.dispose();
  }
}
