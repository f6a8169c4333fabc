import { check } from "../../device/errors.ts";
import { type CallProgress, checkCall } from "../../formats/call.ts";
import { above, atLeast, oneOf, option, optional, readOptions, whole } from "../../formats/options.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import type { Numbers } from "../mixture/options.ts";
import type { BayesianKind } from "./posterior.ts";

/** How a mixture's posterior is found. */
export interface BayesianOptions {
  /** How many components there may be; those that are not needed get little weight. */
  readonly components: number;
  /** "full" */
  readonly covariance?: BayesianKind;
  /** The prior of the weights: sticks of a Dirichlet process, or a Dirichlet distribution; "dirichlet-process". */
  readonly weightPrior?: "dirichlet-process" | "dirichlet-distribution";
  /** Its concentration: less leaves fewer components; 1 / components. */
  readonly concentration?: number;
  /** How many rows the prior of a mean counts for; it stands at the mean of all rows. 1 */
  readonly meanPrecision?: number;
  /** Of the prior of the precisions, more than features − 1; it stands at the covariance of all rows. The number of features. */
  readonly degreesOfFreedom?: number;
  /** k-means centres, or centres [K, d] that rows belong to at first; "kmeans". */
  readonly init?: "kmeans" | Numbers;
  /** Added to every variance; 1e-6. */
  readonly regularization?: number;
  /** It stops when the bound changes by less; 1e-3 nats of all rows together. */
  readonly tolerance?: number;
  /** 100 */
  readonly maxIterations?: number;
  /** 0 */
  readonly seed?: number;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: CallProgress & { readonly loss: number }) => void;
}

const table = {
  components: whole(1),
  covariance: oneOf("full", "tied", "diag", "spherical"),
  weightPrior: oneOf("dirichlet-process", "dirichlet-distribution"),
  concentration: optional(above(0)),
  meanPrecision: above(0, 1),
  degreesOfFreedom: optional(above(0)),
  init: option<"kmeans" | Numbers>(
    "kmeans",
    '"kmeans" or centres [components, d]',
    (value) => typeof value !== "string" || value === "kmeans",
  ),
  regularization: atLeast(0, 1e-6),
  tolerance: atLeast(0, 1e-3),
  maxIterations: whole(1, 100),
  seed: whole(0, 0),
};

/** What a fit goes by. */
export interface BayesianPlan {
  readonly components: number;
  readonly kind: BayesianKind;
  readonly weights: "dirichlet-process" | "dirichlet-distribution";
  readonly concentration: number | undefined;
  readonly meanPrecision: number;
  readonly degrees: number | undefined;
  /** [K·d] */
  readonly centres: Float64Array | undefined;
  readonly regularization: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: BayesianOptions["onProgress"];
}

/** Options checked. Throws LatentError("argument") naming the first that is unknown or out of range. */
export function bayesianPlan(where: string, options: BayesianOptions, dim: number): BayesianPlan {
  const values = readOptions(where, table, options ?? {}, ["signal", "onProgress"]);
  checkCall(where, options);
  const { signal, onProgress } = options;
  const { covariance: kind, weightPrior: weights, degreesOfFreedom: degrees, init, ...rest } = values;
  const centres = typeof init === "string" ? undefined : numbersOf(where, "init", init);
  check(centres === undefined || centres.length === values.components * dim, "shape", where, () => {
    return `expected init [${values.components}, ${dim}]; got ${centres!.length} values.`;
  });
  return { ...rest, kind, weights, degrees, centres, signal, onProgress };
}
