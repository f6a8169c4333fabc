import { clamp } from "../../graph/ops/elementwise.ts";
import type { Dataset } from "../../data/dataset.ts";
import { Tensor } from "../../graph/tensor.ts";
import { frechetDistance } from "../../metrics/frechet.ts";
import { kernelDistance } from "../../metrics/kernelDistance.ts";
import { precisionRecall } from "../../metrics/precisionRecall.ts";
import { featuresOf, type FamilyContext } from "./context.ts";
import { measured } from "../report.ts";
import type { SampleScores } from "./row.ts";

/** Scores of images [n, 1, 28, 28] on digits-v1, beside training images; values outside [0, 1] are clamped. */
export async function scoresOf(context: FamilyContext, images: Dataset | Tensor): Promise<SampleScores> {
  const { digits, gpu, reference } = context;
  const shown = images instanceof Tensor ? gpu.within(() => clamp(images, 0, 1)) : images;
  const generated = await featuresOf(context, shown);
  if (shown instanceof Tensor) shown.dispose();
  try {
    const features = { features: digits };
    const frechet = await frechetDistance(reference.moments, generated, features);
    const kernel = await kernelDistance(reference.features, generated, features);
    const { precision, recall } = await precisionRecall(reference.features, generated, { ...features, resamples: 0 });
    return { frechet: measured(frechet), kernelDistance: measured(kernel), precision, recall };
  } finally {
    generated.dispose();
  }
}
