import { check } from "../../device/errors.ts";
import { checkCall, type LongCall } from "../../formats/call.ts";
import { atLeast, option, optional, readOptions, whole } from "../../formats/options.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import type { Numbers } from "../mixture/options.ts";
import type { Weights } from "../weights.ts";

/** How centres are fitted. */
export interface KMeansOptions extends LongCall {
  /** How many centres. */
  readonly clusters: number;
  /** Where Lloyd's iterations start: k-means++ rows, random rows, or centres [K, d]; "k-means++". */
  readonly init?: "k-means++" | "random" | Numbers;
  /** Starts, of which the one of least inertia is kept; 1. */
  readonly restarts?: number;
  /** It stops when the squared moves of the centres add up to no more than this part of the features' mean variance; 1e-4. */
  readonly tolerance?: number;
  /** Passes over the rows at most; 300. */
  readonly maxIterations?: number;
  /** 0 */
  readonly seed?: number;
  /** A weight ≥ 0 for each row: 2 counts as the row twice. */
  readonly weights?: Weights;
  /** Rows of a mini-batch: centres move after each, by less as they have seen more. Batches are neighbouring rows, in random order. */
  readonly miniBatch?: number;
}

const table = {
  clusters: whole(1),
  init: option<"k-means++" | "random" | Numbers>(
    "k-means++",
    '"k-means++", "random" or centres [clusters, d]',
    (value) => typeof value !== "string" || value === "k-means++" || value === "random",
  ),
  restarts: whole(1, 1),
  tolerance: atLeast(0, 1e-4),
  maxIterations: whole(1, 300),
  seed: whole(0, 0),
  miniBatch: optional(whole(1)),
};

/** What a fit goes by. */
export interface KMeansPlan {
  readonly clusters: number;
  readonly restarts: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly seed: number;
  /** Null without. */
  readonly miniBatch: number | null;
  /** Centres to start from [K·d], or how they are found. */
  readonly init: "k-means++" | "random" | Float32Array<ArrayBuffer>;
}

/** Options checked against the rows [count, dim]. Throws LatentError("argument") naming the first that is unknown or out of range. */
export function planOf(where: string, options: KMeansOptions, count: number, dim: number): KMeansPlan {
  const given = readOptions(where, table, options ?? {}, ["weights", "signal", "onProgress"]);
  const { init, miniBatch = null, ...values } = given;
  checkCall(where, options);
  check(
    values.clusters <= count,
    "argument",
    where,
    () => `fewer rows than clusters. Expected at least ${values.clusters} rows; got ${count}.`,
  );
  if (typeof init === "string") return { ...values, miniBatch, init };
  const centres = Float32Array.from(numbersOf(where, "init", init));
  check(centres.length === values.clusters * dim, "shape", where, () => {
    return `expected init [${values.clusters}, ${dim}]; got ${centres.length} values.`;
  });
  return { ...values, miniBatch, init: centres };
}
