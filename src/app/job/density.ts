import { type Density, logLikelihood } from "../../metrics/logLikelihood.ts";
import type { LogDensity } from "../report.ts";
import { type JobContext, part } from "./modelEntry.ts";
import { dequantised, LEVEL, scaleWords } from "./pixels.ts";
import { REGULARIZATION } from "./settings.ts";
import type { OnProgress } from "./stages.ts";

/** Mean log-density of all test images, and of as many training images. */
export async function logDensity(context: JobContext, model: Density, report: OnProgress): Promise<LogDensity> {
  const { train, test, seed, signal } = context;
  const options = (onProgress: OnProgress) => ({ scale: LEVEL, onProgress, signal });
  const found = await logLikelihood(model, dequantised(test, test.count, seed + 1), options(part(report, 0, 0.5)));
  const sample = dequantised(train, Math.min(train.count, test.count), seed);
  const onTrain = await logLikelihood(model, sample, options(part(report, 0.5, 1)));
  return {
    value: found.value,
    train: onTrain.value,
    bitsPerPixel: found.bitsPerDim,
    n: found.n.x!,
    scale: scaleWords(REGULARIZATION),
  };
}
