import type { Dataset } from "../data/dataset.ts";
import type { Gpu } from "../program/gpu.ts";
import type { EpochRecord } from "./checkpoint.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Loss } from "./pass.ts";
import type { State } from "./states.ts";

/** What is trained: the optimiser's parameters, further states (running statistics), and a loss. */
export interface Task {
  readonly gpu: Gpu;
  readonly dataset: Dataset;
  readonly optimiser: Optimiser;
  /** Parameters and further states, with their names in checkpoints. */
  readonly states: readonly State[];
  readonly loss: Loss;
  /** Written into every checkpoint. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface TrainResult {
  readonly history: readonly EpochRecord[];
  readonly steps: number;
  /** Whether earlyStopping ended it, and the epoch (from 0) whose parameters were kept. */
  readonly stopped: boolean;
  readonly bestEpoch: number | null;
  readonly dispatches: number;
}
