// What is timed: a case is one workload at one size; an engine prepares it, and gives a runner.

import type { Contestant } from "./harness.ts";

/** Row-major values. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

export type Inputs = { readonly [name: string]: Input };

/** Outputs of one step, as the case names their order. */
export type Outputs = readonly Float32Array[];

/** One workload at one size. What each workload computes from which inputs stands above its cases, in bench/cases/. */
export interface Case {
  readonly workload: string;
  /** Its size in words, unique within the workload. */
  readonly size: string;
  readonly settings: { readonly [name: string]: number };
  /** Made when the case's turn comes, always the same. */
  inputs(): Inputs;
  /** Floating-point operations that no algorithm of its kind avoids; 0 where memory is the limit. */
  readonly flops: number;
  /** Bytes that have to move: each input read once, each output written once. */
  readonly bytes: number;
  readonly gate: Gate;
}

/** The check that comes before any timing. */
export interface Gate {
  /** Steps that are run and checked, one after another; 1 if absent. */
  readonly steps?: number;
  /** Further inputs, which only the check gets: noise that the timed steps draw for themselves. */
  inputs?(): Inputs;
  /** Largest error of the outputs of all steps, in the measure of `limit`. NaN is no pass. */
  error(inputs: Inputs, outputs: readonly [Outputs, ...Outputs[]]): number | Promise<number>;
  readonly limit: number;
}

/** What an engine is asked to prepare: a case with its inputs. */
export interface Task {
  readonly workload: string;
  readonly settings: { readonly [name: string]: number };
  readonly inputs: Inputs;
}

/** One engine ready to run one case: `step` enqueues the work, `finish` waits for it. */
export interface Runner extends Contestant {
  /** Results of the latest step. */
  outputs(): Promise<Float32Array[]>;
  dispose(): void;
}

/** An engine with its device open. */
export interface Engine {
  readonly name: string;
  readonly version: string;
  /** A runner for the task, compiled on its first step at the latest; null where the engine cannot do this workload. */
  prepare(task: Task): Promise<Runner | null>;
  dispose(): void;
}

/** What an engine's file exports as `open`. */
export type Open = () => Promise<Engine>;
