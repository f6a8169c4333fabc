import type { Spec, TypedArray } from "../graph/dtype.ts";
import type { ReadOptions } from "../graph/options.ts";
import type { Storage } from "../graph/storage.ts";
import type { Runner, Tensor } from "../graph/tensor.ts";
import type { Tuning } from "./tuning.ts";
import type { Assignment } from "./values.ts";

/** The gpu as programs, reads, the tuner and the self-test see it: they are its parts, so they do not know its class. */
export interface Engine extends Runner {
  /** Kernels chosen for this device. */
  readonly tuning: Tuning;
  /** Milliseconds that it may use of each frame. */
  readonly budgetMs: number | undefined;
  /** A stored tensor over memory that the caller manages; no scope ends it. */
  wrap(storage: Storage, spec: Spec): Tensor;
  /** Writes `values` over `storage`. */
  write(storage: Storage, values: TypedArray): void;
  /** Runs what the tensors need, in one plan. */
  evaluate(tensors: readonly Tensor[], options?: ReadOptions): Promise<void>;
  /** Throws where a value is asked for while a step is traced, and as `checkOpen` does. */
  checkOutside(where: string): void;
  /** Records what `body` does, without any claim on memory. */
  trace<R>(body: () => R): { readonly result: R; readonly assignments: readonly Assignment[] };
  /** What `body` records and does not return is disposed at once. */
  within<T>(body: () => T): T;
}
