import type { Dataset } from "../data/dataset.ts";
import { checkBudget } from "../program/budget.ts";
import { check, checkOptions, named } from "../device/errors.ts";
import { checkBytes } from "../formats/elements.ts";
import { type CallProgress, checkCall } from "../formats/call.ts";
import { atLeast, optional, readOptions, whole } from "../formats/options.ts";
import type { EpochRecord } from "./checkpoint.ts";
import { TrainingControl } from "./control.ts";
import type { TermValues } from "./termHistory.ts";

/** How far training is. */
export interface Progress extends CallProgress {
  /** Mean over the steps since the last report. */
  readonly loss: number;
  /** The same for all terms of the objective, by name. */
  readonly terms: TermValues;
  /** The loss on the validation set, where an epoch has just ended. */
  readonly validation?: number;
}

/** An epoch that has ended. */
export interface EpochEnd extends EpochRecord {
  /** Epochs done, and in all. */
  readonly epoch: number;
  /** Epochs in all. */
  readonly epochs: number;
  /** Steps done. */
  readonly step: number;
}

/** When training stops by itself. */
export interface EarlyStopping {
  /** Stops after this many epochs without a better validation loss; the best parameters are put back. */
  readonly patience: number;
  /** What counts as better: lower by more than this; 0. */
  readonly minDelta?: number;
}

/** Where and when checkpoints are written. */
export interface CheckpointPlan {
  /** Receives a whole checkpoint; training goes on when it resolves. */
  readonly save: (
    bytes: Uint8Array<ArrayBuffer>,
    at: { readonly epoch: number; readonly step: number },
  ) => void | Promise<void>;
  /** Steps between checkpoints; without it, one at the end of every epoch. */
  readonly everySteps?: number;
}

/** How train goes through the data. */
export interface TrainOptions {
  /** Passes through the data. */
  readonly epochs?: number;
  /** Samples per step; a smaller batch takes the rest of each epoch. */
  readonly batch?: number;
  /** Of the order of samples and of all noise. */
  readonly seed?: number;
  /** What the loss is measured on after each epoch. */
  readonly validation?: Dataset;
  /** When to stop by itself. */
  readonly earlyStopping?: EarlyStopping;
  /** Where and when to write checkpoints. */
  readonly checkpoint?: CheckpointPlan;
  /** A checkpoint to go on from. */
  readonly resume?: Uint8Array;
  /** Called after every epoch; the parameters hold still until it resolves. */
  readonly onEpoch?: (epoch: EpochEnd) => void | Promise<void>;
  /** Pauses the training and lets it go on. */
  readonly control?: TrainingControl;
  /** Milliseconds of GPU time that training takes of each frame of a page that also draws; the gpu's own `budgetMs` without it. */
  readonly budgetMs?: number;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: Progress) => void;
}

export const trainOptionNames = [
  "epochs",
  "batch",
  "seed",
  "validation",
  "earlyStopping",
  "checkpoint",
  "resume",
  "onEpoch",
  "control",
  "budgetMs",
  "signal",
  "onProgress",
];

const table = { epochs: whole(1, 10), batch: whole(1, 128), seed: whole(0, 0) };
const stopping = { patience: whole(1), minDelta: atLeast(0, 0) };

/** The options with defaults: 10 epochs, batches of 128, seed 0. Throws LatentError("argument") naming what is out of range. */
export function checkTrainOptions(where: string, options: TrainOptions, validates = options.validation !== undefined) {
  const { earlyStopping, checkpoint, onEpoch, control } = options;
  checkCall(where, options);
  checkBudget(where, options.budgetMs);
  const numbers = readOptions(where, table, options);
  if (earlyStopping !== undefined) {
    readOptions(`${where} earlyStopping`, stopping, earlyStopping, []);
    check(validates, "argument", where, () => "earlyStopping needs a validation set.");
  }
  if (checkpoint !== undefined) {
    checkOptions(`${where} checkpoint`, checkpoint, ["save", "everySteps"]);
    check(
      typeof checkpoint.save === "function",
      "argument",
      `${where} checkpoint`,
      () => `expected save to be a function; got ${typeof checkpoint.save}.`,
    );
    optional(whole(1)).read(`${where} checkpoint`, "everySteps", checkpoint.everySteps);
  }
  check(
    onEpoch === undefined || typeof onEpoch === "function",
    "argument",
    where,
    () => `expected onEpoch to be a function of { epoch, loss, … }; got ${named(onEpoch)}.`,
  );
  check(
    control === undefined || control instanceof TrainingControl,
    "argument",
    where,
    () => `expected control to be a TrainingControl; got ${named(control)}.`,
  );
  if (options.resume !== undefined) checkBytes(`${where} resume`, options.resume);
  return { ...options, ...numbers };
}
