import { ceilDiv, type Launches } from "./launch.ts";
import { batch as shaders } from "./shaders/batch.gen.ts";

export interface BatchShape {
  readonly batch: number;
  /** Samples in the data set, and elements of each. */
  readonly count: number;
  readonly features: number;
  readonly scale: number;
  /** The data set is bytes, four to a word; else floats. */
  readonly bytes: boolean;
  /** Rows come through an order table (input 1), else one after the other; then input 1 is the train counters. */
  readonly ordered: boolean;
}

/** `batch` rows from train_counters[1] on: inputs are the data set, the order table (if `ordered`), the train counters. */
export function batch({ batch, count, features, scale, bytes, ordered }: BatchShape): Launches {
  const size = batch * features;
  const kernel = bytes ? shaders.bytes : shaders.floats;
  return {
    launches: [
      {
        kernel,
        constants: { ORDERED: Number(ordered) },
        bind: {
          [bytes ? "packed" : "x"]: { input: 0 },
          order: { input: 1 },
          train_counters: { input: ordered ? 2 : 1 },
          y: { output: 0 },
        },
        params: { size, features, count, scale },
        groups: [ceilDiv(size, kernel.constants.LANES), 1, 1],
        takesEpilogue: true,
      },
    ],
  };
}
