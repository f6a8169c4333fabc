import type { Dataset } from "../data/dataset.ts";
import type { Gpu } from "../program/gpu.ts";
import type { EpochRecord } from "./checkpoint.ts";
import type { Objective } from "./objective.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Parameters } from "./parameters.ts";

/** An optimiser, and the term that it minimises. */
export interface TaskUpdate {
  /** What moves its parameters. */
  readonly optimiser: Optimiser;
  /** The name of the term; "loss". */
  readonly loss?: string;
}

/** What is trained: parameters, what moves them, and what is minimised. */
export interface Task {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** What is learned from. */
  readonly dataset: Dataset;
  /** Parameters and further states (running statistics), by their names in checkpoints. */
  readonly parameters: Parameters;
  /** What moves them. Several stand in one step: all gradients are taken before any parameter moves. */
  readonly updates: readonly TaskUpdate[];
  /** The terms of a batch. */
  readonly objective: Objective;
  /** Written into every checkpoint; a function says what holds when one is written. */
  readonly metadata?: Readonly<Record<string, string>> | (() => Promise<Readonly<Record<string, string>>>);
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
