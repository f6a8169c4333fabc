import { check, checkOptions } from "../../device/errors.ts";
import { type CallProgress, checkCall } from "../../formats/call.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import { above, atLeast, oneOf, type OptionTable, readOptions, whole } from "../latent/options.ts";
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
  components: whole(1, Number.NaN),
  covariance: oneOf("full", "tied", "diag", "spherical"),
  weightPrior: oneOf("dirichlet-process", "dirichlet-distribution"),
  meanPrecision: above(0, 1),
  regularization: atLeast(0, 1e-6),
  tolerance: atLeast(0, 1e-3),
  maxIterations: whole(1, 100),
  seed: whole(0, 0),
} satisfies OptionTable;

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
  const others = ["concentration", "degreesOfFreedom", "init", "signal", "onProgress"];
  checkOptions(where, options ?? {}, [...Object.keys(table), ...others]);
  checkCall(where, options ?? {});
  const { concentration, degreesOfFreedom, init = "kmeans", signal, onProgress } = options ?? {};
  const { covariance, weightPrior, ...values } = readOptions(where, table, options ?? {});
  for (const [name, value] of Object.entries({ concentration, degreesOfFreedom }))
    if (value !== undefined) above(0, 1).read(where, name, value);
  check(init === "kmeans" || typeof init !== "string", "argument", where, () => {
    return `unknown init. Expected "kmeans" or centres [components, d]; got "${String(init)}".`;
  });
  const centres = typeof init === "string" ? undefined : numbersOf(where, "init", init);
  check(centres === undefined || centres.length === values.components * dim, "shape", where, () => {
    return `expected init [${values.components}, ${dim}]; got ${centres!.length} values.`;
  });
  const named = { kind: covariance, weights: weightPrior, concentration, degrees: degreesOfFreedom, centres };
  return { ...values, ...named, signal, onProgress };
}
