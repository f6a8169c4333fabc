import type { Dataset } from "../../data/dataset.ts";
import { clamp } from "../../graph/ops/elementwise.ts";
import { Tensor } from "../../graph/tensor.ts";
import { type Detector, detectionRate } from "../../metrics/detectionRate.ts";
import { frechetDistance } from "../../metrics/frechet.ts";
import { kernelDistance } from "../../metrics/kernelDistance.ts";
import { precisionRecall } from "../../metrics/precisionRecall.ts";
import { type Measured, measured } from "../report.ts";
import { BATCH, codesOf, type FaceContext } from "./context.ts";

/** What n images score. */
export interface FaceScores {
  readonly n: number;
  /** Shares of images in which each detector finds a face. */
  readonly blazeFace: Measured;
  readonly tinyFace: Measured;
  /** On BlazeFace's 96 features, against training images. */
  readonly frechet: Measured;
  readonly kernelDistance: Measured;
  readonly precision: number;
  readonly recall: number;
}

/** The least score of a face that counts, and its least size as a share of the image's width. */
export const [THRESHOLD, SIZE] = [0.5, 0.25];

/** Scores of images [n, 3, width, width]; what lies outside [0, 1] is clamped, as a screen does. */
export async function scoresOf(context: FaceContext, images: Dataset | Tensor): Promise<FaceScores> {
  const { gpu, blazeFace, tinyFace, reference, settings, long } = context;
  const shown = images instanceof Tensor ? gpu.within(() => clamp(images, 0, 1)) : images;
  const options = { threshold: THRESHOLD, minSize: Math.floor(SIZE * settings.width), batch: BATCH, ...long };
  const rate = async (detector: Detector): Promise<Measured> => measured(await detectionRate(shown, detector, options));
  const codes = await codesOf(context, shown);
  try {
    const features = { features: blazeFace, ...long };
    const { precision, recall } = await precisionRecall(reference, codes, { ...features, resamples: 0 });
    return {
      n: codes.shape[0]!,
      blazeFace: await rate(blazeFace),
      tinyFace: await rate(tinyFace),
      frechet: measured(await frechetDistance(reference, codes, features)),
      kernelDistance: measured(await kernelDistance(reference, codes, features)),
      precision,
      recall,
    };
  } finally {
    codes.dispose();
    if (shown instanceof Tensor) shown.dispose();
  }
}
