import type { Dataset } from "../data/dataset.ts";
import type { Gpu } from "../program/gpu.ts";
import type { EpochRecord } from "./checkpoint.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Loss } from "./pass.ts";
import type { State } from "./states.ts";

/** What is trained: the optimiser's parameters, further states (running statistics), and a loss. */
export interface Task {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** What is learned from. */
  readonly dataset: Dataset;
  /** What updates the parameters. */
  readonly optimiser: Optimiser;
  /** Parameters and further states, with their names in checkpoints. */
  readonly states: readonly State[];
  /** What is made small. */
  readonly loss: Loss;
  /** Written into every checkpoint. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What training came to. */
export interface TrainResult {
  /** A record of each epoch. */
  readonly history: readonly EpochRecord[];
  /** Steps that were made. */
  readonly steps: number;
  /** Whether earlyStopping ended it. */
  readonly stopped: boolean;
  /** The epoch, from 0, whose parameters were kept. */
  readonly bestEpoch: number | null;
  /** Dispatches of one step. */
  readonly dispatches: number;
}
