import { check, LatentError } from "../device/errors.ts";
import { parseSafetensors, type Safetensor, writeSafetensors } from "../formats/safetensors.ts";
import type { Gpu } from "../program/gpu.ts";
import { CHECKSUM, checkChecksum, checksumOf } from "./checksum.ts";
import { checkParameters, type Parameters, readParameters, writeParameters } from "./parameters.ts";
import type { TermValues } from "./termHistory.ts";

/** Where a training stands: everything besides tensors that an interrupted run needs to go on with the same bits. */
export interface Position {
  readonly epoch: number;
  /** Steps done in this epoch, and in all. */
  readonly stepInEpoch: number;
  readonly step: number;
  readonly seed: number;
  readonly batch: number;
  readonly count: number;
  /** Σ term · samples over the steps of this epoch, for each term. */
  readonly sums: TermValues;
  readonly history: readonly EpochRecord[];
  /** Epoch and loss of the best validation so far, kept where earlyStopping is on. */
  readonly best: { readonly epoch: number; readonly loss: number } | null;
}

/** What an epoch came to. */
export interface EpochRecord {
  /** Mean training loss over the epoch's samples, while the parameters moved. */
  readonly loss: number;
  /** Means of all terms of the objective, alike; absent from checkpoints of earlier versions. */
  readonly terms?: TermValues;
  /** The loss on the validation set, where there is one. */
  readonly validation?: number;
  /** All terms on the validation set. */
  readonly validationTerms?: TermValues;
}

const KEY = "latentgpu.training";

/**
 * A checkpoint: the model's tensors under PyTorch's names, the optimiser's moments and counters, and the position as metadata.
 */
export async function writeCheckpoint(
  parameters: Parameters,
  position: Position,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = await readParameters(parameters);
  const all = { ...metadata, [KEY]: JSON.stringify(position) };
  return writeSafetensors(tensors, { ...all, [CHECKSUM]: checksumOf(tensors, Object.entries(all)) }, "checkpoint");
}

/**
 * What a checkpoint holds, read strictly; nothing is written to the GPU yet. The checksum covers tensors and position, and the counters
 * must agree with one another and with the optimiser's own.
 */
export function readCheckpoint(bytes: Uint8Array): { tensors: ReadonlyMap<string, Safetensor>; position: Position } {
  const { tensors, metadata } = parseSafetensors(bytes, { finite: true, where: "resume" });
  const text = metadata.get(KEY);
  check(
    text !== undefined,
    "format",
    "resume",
    () => `this file is no checkpoint. Expected metadata ${KEY}; got ${[...metadata.keys()].join(", ") || "none"}.`,
  );
  const position = positionOf(text);
  checkChecksum("resume", tensors, metadata, true);
  checkCounters(position, tensors.get("optimiser.clock"));
  return { tensors, position };
}

/** The counters of one run: each is what the others say. */
function checkCounters(position: Position, counters: Safetensor | undefined): void {
  const { epoch, stepInEpoch, step, batch, count, history, best } = position;
  const steps = Math.ceil(count / Math.min(batch, count));
  const [counted, , halted] = counters ? Array.from(counters.data as ArrayLike<number>) : [step, 0, 0];
  const faults = {
    step: step === epoch * steps + stepInEpoch && counted === step && halted === 0,
    stepInEpoch: stepInEpoch < steps || (stepInEpoch === steps && history.length === epoch),
    epoch: history.length === epoch && (best === null || best.epoch < epoch),
  };
  for (const [name, holds] of Object.entries(faults))
    check(
      holds,
      "format",
      "resume",
      () =>
        `${name} disagrees with the rest. Expected epoch · ${steps} + stepInEpoch = step = the optimiser's, and one record for each epoch; got epoch ${epoch}, stepInEpoch ${stepInEpoch}, step ${step}, ${counted} and ${history.length} records.`,
    );
}

function positionOf(text: string): Position {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LatentError("format", `resume: metadata ${KEY} is not JSON.`, { cause });
  }
  const { lossSum, ...rest } = (value ?? {}) as Position & { readonly lossSum?: number };
  // earlier versions kept the loss alone; JSON has no NaN
  const entries = Object.entries(lossSum === undefined ? (rest.sums ?? {}) : { loss: lossSum });
  const position: Position = {
    ...rest,
    sums: Object.fromEntries(entries.map(([term, sum]) => [term, sum ?? Number.NaN])),
  };
  const whole = ["epoch", "stepInEpoch", "step", "seed", "batch", "count"] as const;
  const right =
    typeof value === "object" &&
    value !== null &&
    whole.every((name) => Number.isSafeInteger(position[name]) && position[name] >= 0) &&
    position.batch > 0 &&
    position.count > 0 &&
    // between two epochs there is none
    (position.stepInEpoch === 0 || Number.isFinite(position.sums.loss)) &&
    Array.isArray(position.history) &&
    position.history.every((e) => typeof e?.loss === "number") &&
    (position.best === null || (Number.isSafeInteger(position.best?.epoch) && Number.isFinite(position.best.loss)));
  check(
    right,
    "format",
    "resume",
    () => `metadata ${KEY} lacks numbers. Expected ${whole.join(", ")}, sums, history and best.`,
  );
  return position;
}

/** Checks all parameters, then writes all: a file that does not fit changes nothing. */
export function restore(
  gpu: Gpu,
  where: string,
  parameters: Parameters,
  tensors: ReadonlyMap<string, Safetensor>,
): void {
  checkParameters(where, parameters, tensors);
  for (const name of Object.keys(parameters))
    if (/exp_avg_sq|running_var/.test(name)) checkNonNegative(where, name, tensors);
  writeParameters(gpu, where, parameters, tensors);
}

/** Averages of squares: below zero they would make NaN of the first step. */
function checkNonNegative(where: string, name: string, tensors: ReadonlyMap<string, Safetensor>): void {
  const at = (tensors.get(name)!.data as Float32Array).findIndex((value) => value < 0);
  check(
    at < 0,
    "format",
    where,
    () => `tensor ${name} is an average of squares. Expected values ≥ 0; got one below at ${at}.`,
  );
}
