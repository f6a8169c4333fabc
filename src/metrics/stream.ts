import type { LongCall } from "../formats/call.ts";

/** A measure that takes its samples in parts: GPU work is recorded as they come, and read once at the end. */
export interface Measure<B, R> {
  /** Adds a part. */
  update(batch: B): Promise<void>;
  /** Adds what another one holds, which is empty afterwards. */
  merge(other: this): this;
  /** The number for all parts so far. */
  result(options?: LongCall): Promise<R>;
  /** Frees what it holds. */
  dispose(): void;
}
