import type { Dataset } from "../../data/dataset.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { LogDensity, DecoderLoss, PictureReport } from "../report.ts";
import type { Listener } from "./events.ts";
import type { Settings } from "./settings.ts";
import type { OnProgress } from "./stages.ts";

/** What every part of the job works with. */
export interface JobContext {
  gpu: Gpu;
  train: Dataset;
  test: Dataset;
  settings: Settings;
  seed: number;
  signal?: AbortSignal;
  /** Curves and pictures that appear while a model is trained. */
  tell: Listener;
}

/** A model that takes part in the job. */
export interface ModelEntry {
  key: string;
  name: string;
  /** Expected share of the job's time, in seconds of the quick preset on a slow adapter. */
  weight: (settings: Settings) => number;
  fit: (context: JobContext, report: OnProgress) => Promise<FittedModel>;
}

/** A fitted model: what the job asks of all of them. */
export interface FittedModel {
  about: string;
  parameters: number;
  /** Images [count, 1, h, w]; values may lie outside [0, 1]. The one who asked disposes them. */
  sample: (count: number, seed: number) => Promise<Tensor> | Tensor;
  /** What the model says of the test images. */
  score: (report: OnProgress) => Promise<{ logDensity?: LogDensity; loss?: DecoderLoss }>;
  /** Pictures other than samples. */
  pictures: () => Promise<PictureReport[]>;
  /** What the samples are, for the caption of their grid. */
  caption: string;
  dispose: () => void;
}

/** A report of a part of a stage: its steps fill the share from `from` to `to`. */
export const part =
  (report: OnProgress, from: number, to: number): OnProgress =>
  ({ step, total, status }) =>
    report({
      step: from + ((to - from) * step) / Math.max(1, total),
      total: 1,
      ...(status === undefined ? {} : { status }),
    });
