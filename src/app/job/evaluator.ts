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
import { HALVES } from "../../metrics/halves.ts";
import { kernelDistance } from "../../metrics/kernelDistance.ts";
import { precisionRecall } from "../../metrics/precisionRecall.ts";
import { measured, type NetworkReport, type ScoreReport, type Scores } from "../report.ts";
import { type JobContext, part } from "./modelEntry.ts";
import type { OnProgress } from "./stages.ts";

const CLASSES = 10;
/** Images of one pass through the network. */
const BATCH = 1000;

/** The network whose features and class probabilities are scored, and what samples are compared with. */
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
  const owned: Disposable[] = [];
  const dispose = (): void => {
    for (const one of owned) one[Symbol.dispose]();
  };
  try {
    const digits = await Digits.v1(gpu);
    owned.push(digits);
    const accuracy = await digits.accuracy(test);
    report({ step: 0.2, total: 1 });
    const training = await withRandomImages(train, settings.reference, (images) =>
      outputsOf(digits, images, context, part(report, 0.2, 0.7)),
    );
    const reference = setsOf(context, training, owned);
    const scores: Evaluator["scores"] = async (images, progress) => {
      const batch = (start: number, size: number): Tensor => slice(images, 0, start, start + size);
      const outputs = await outputsOf(digits, { count: images.shape[0]!, batch }, context, part(progress, 0, 0.3));
      return scoresOf(digits, reference, outputs, context, part(progress, 0.3, 1));
    };
    const real = await withRandomImages(test, settings.samples, (images) =>
      outputsOf(digits, images, context, part(report, 0.7, 0.8)),
    );
    const floor = await scoresOf(digits, reference, real, context, part(report, 0.8, 1));
    const parameters = Object.values(digits.parameters).reduce((sum, { size }) => sum + size, 0);
    const { name, checksum } = digits;
    return {
      report: { name, checksum, parameters, features: training.dim, accuracy, n: test.count },
      floor,
      scores,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Images by batch; a batch belongs to the scope that asks for it. */
interface Images {
  readonly count: number;
  readonly batch: (start: number, size: number) => Tensor;
}

/**
 * `wanted` images drawn from all over the data set, always the same ones. The first would not do, nor every sixth: MNIST's
 * test images get harder in their second half, and its training images of different writers take turns.
 */
async function withRandomImages<T>(data: Dataset, wanted: number, use: (drawn: Images) => Promise<T>): Promise<T> {
  const places = permutation(data.count, { seed: 0, stream: streamOf("baseline images") });
  using order = data.gpu.tensor(places, [data.count]);
  const batch = (start: number, size: number): Tensor =>
    data.batch(order, data.gpu.tensor(Uint32Array.of(0, start, 0, 0), [4]), size).x;
  return await use({ count: Math.min(wanted, data.count), batch });
}

/** What the network says of images: features [count, dim] and class probabilities [count, 10], row-major. */
interface Outputs {
  readonly count: number;
  readonly dim: number;
  readonly features: Float32Array<ArrayBuffer>;
  readonly probabilities: Float32Array<ArrayBuffer>;
}

async function outputsOf(
  digits: Digits,
  { count, batch }: Images,
  { gpu, signal }: JobContext,
  report: OnProgress,
): Promise<Outputs> {
  let features = new Float32Array();
  const probabilities = new Float32Array(count * CLASSES);
  for (let start = 0; start < count; start += BATCH) {
    signal?.throwIfAborted();
    const size = Math.min(BATCH, count - start);
    await gpu.scope(async () => {
      const some = clamp(batch(start, size), 0, 1);
      const [rows, classes] = [digits.features(some), digits.probabilities(some)];
      await gpu.evaluate([rows, classes]);
      const dim = rows.shape[1]!;
      if (start === 0) features = new Float32Array(count * dim);
      features.set((await rows.read()) as Float32Array, start * dim);
      probabilities.set((await classes.read()) as Float32Array, start * CLASSES);
    });
    report({ step: start + size, total: count });
  }
  return { count, dim: features.length / count, features, probabilities };
}

/** Features of all images, and of the first `paired` for measures that compare every pair. */
interface Sets {
  readonly all: Tensor;
  readonly paired: Tensor;
}

/** `owned` notes the tensors, which its owner disposes. */
function setsOf({ gpu, settings }: JobContext, { count, dim, features }: Outputs, owned: Disposable[]): Sets {
  const rows = (size: number): Tensor => {
    const tensor = gpu.tensor(features.slice(0, size * dim), [size, dim]);
    owned.push(tensor);
    return tensor;
  };
  return { all: rows(count), paired: rows(Math.min(count, settings.paired)) };
}

const scoreOf = (found: Parameters<typeof measured>[0], n: number, referenceN?: number): ScoreReport => ({
  ...measured(found),
  n,
  ...(referenceN ? { referenceN } : {}),
});

async function scoresOf(
  digits: Digits,
  real: Sets,
  outputs: Outputs,
  context: JobContext,
  report: OnProgress,
): Promise<Scores> {
  const owned: Disposable[] = [];
  const at = (step: number): void => report({ step, total: 4 });
  try {
    const generated = setsOf(context, outputs, owned);
    const classes = context.gpu.tensor(outputs.probabilities, [outputs.count, CLASSES]);
    owned.push(classes);
    const options = { features: digits, signal: context.signal };
    const distance = await frechetDistance(real.all, generated.all, options);
    const score = await classScore(classes, options);
    at(1);
    const kernel = await kernelDistance(real.paired, generated.paired, options);
    at(2);
    // asked for by their number, halves are taken of sets of any size that allows them
    const ofPairs = { ...options, resamples: HALVES };
    const { precision, recall, intervals } = await precisionRecall(real.paired, generated.paired, ofPairs);
    at(3);
    const authentic = await authenticity(real.paired, generated.paired, ofPairs);
    at(4);
    const [n, m] = [generated.all.shape[0]!, generated.paired.shape[0]!];
    const [referenceN, referenceM] = [real.all.shape[0]!, real.paired.shape[0]!];
    return {
      frechetDistance: scoreOf(distance, n, referenceN),
      kernelDistance: scoreOf(kernel, m, referenceM),
      classScore: scoreOf(score, n),
      precision: scoreOf({ value: precision, interval: intervals?.["precision"] }, m, referenceM),
      recall: scoreOf({ value: recall, interval: intervals?.["recall"] }, m, referenceM),
      authenticity: scoreOf(authentic, m, referenceM),
    };
  } finally {
    for (const one of owned) one[Symbol.dispose]();
  }
}
