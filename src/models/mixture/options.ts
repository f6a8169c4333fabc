import { check, checkOptions, named, show } from "../../device/errors.ts";
import { type CallProgress, checkCall } from "../../formats/call.ts";
import { atLeast, flag, option, optional, readOptions, whole } from "../../formats/options.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import { checkSymmetric } from "../../linalg/symmetric.ts";
import { checkRank, familyOf } from "../covariance/families.ts";
import type { CovarianceFamily, CovarianceKind } from "../covariance/family.ts";
import { Tensor } from "../../graph/tensor.ts";
import { checkMissing, type Missing } from "../observed.ts";
import type { Weights } from "../weights.ts";
import type { MixtureValues } from "./emStates.ts";

/** Numbers, flat or nested. */
export type Numbers = ArrayLike<number> | readonly ArrayLike<number>[] | readonly (readonly ArrayLike<number>[])[];

/**
 * Parameters to start from: weights [K], means [K, d], covariances [K, d, d], [d, d], [K, d] or [K] by kind; those of low-rank and
 * factor as { loadings [K, d, rank], noise [K] or [K, d] }; tensors, or arrays flat or nested.
 */
export interface MixtureStart<N = Numbers | Tensor> {
  /** Weights of the components, [K]. */
  readonly weights: N;
  /** Their means, [K, d]. */
  readonly means: N;
  /** Their covariances, by kind. */
  readonly covariances: N | { readonly loadings: N; readonly noise: N };
}

/** Given parameters with the values of those that are tensors. */
export async function readStart({ weights, means, covariances }: MixtureStart): Promise<MixtureStart<Numbers>> {
  const read = async (given: Numbers | Tensor): Promise<Numbers> =>
    given instanceof Tensor ? await given.read() : given;
  const isFactors = typeof covariances === "object" && covariances !== null && "loadings" in covariances;
  return {
    weights: await read(weights),
    means: await read(means),
    covariances: isFactors
      ? { loadings: await read(covariances.loadings), noise: await read(covariances.noise) }
      : await read(covariances),
  };
}

/** What a warm start needs of a GaussianMixture. */
export interface WarmStart {
  /** Which kind of covariance it has. */
  readonly kind: CovarianceKind;
  /** How many components there are. */
  readonly components: number;
  /** Elements of one sample. */
  readonly dim: number;
  /** Weights of the components, [K]. */
  readonly weights: Tensor;
  /** Their means, [K, d]. */
  readonly means: Tensor;
  /** What its file holds of the covariances. */
  readonly parameters: { readonly [name: string]: Tensor };
}

/** How a mixture is fitted. */
export interface MixtureOptions {
  /** How many components it has. */
  readonly components: number;
  /** "full" */
  readonly covariance?: CovarianceKind;
  /** Directions of "low-rank" and "factor". */
  readonly rank?: number;
  /** Where EM starts: k-means centres (k-means++, then Lloyd), k-means++ rows, random rows, random responsibilities, or parameters; "kmeans". */
  readonly init?: "kmeans" | "k-means++" | "random" | "random-from-data" | MixtureStart;
  /** Added to every variance in each M step; 1e-6. */
  readonly regularization?: number;
  /** EM stops when the mean log-likelihood changes by less (or by less than two units of rounding); 1e-3 nats. */
  readonly tolerance?: number;
  /** 100 */
  readonly maxIterations?: number;
  /** Starts, of which the best is kept; 1. */
  readonly restarts?: number;
  /** 0 */
  readonly seed?: number;
  /** A weight ≥ 0 for each row: 2 counts as the row twice. */
  readonly weights?: Weights;
  /** "nan": NaN stands for an entry that is missing at random, and EM is exact for what is observed. */
  readonly missing?: Missing;
  /** Rows of a mini-batch: online EM, with an M step after each. Batches are neighbouring rows, in random order; for data beyond memory. */
  readonly miniBatch?: number;
  /** A mixture of this kind and size to go on from, instead of `init`. */
  readonly warmStart?: WarmStart;
  /** Components that lose all rows, or get singular, go on from the rows farthest from the others; false. */
  readonly reseed?: boolean;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: CallProgress & { readonly loss: number }) => void;
}

const inits = ["kmeans", "k-means++", "random", "random-from-data"] as const;
const table = {
  components: whole(1),
  init: option<Required<MixtureOptions>["init"]>(
    "kmeans",
    '"kmeans", "k-means++", "random", "random-from-data" or { weights, means, covariances }',
    (value) => (typeof value === "object" ? value !== null : inits.includes(value as "kmeans")),
  ),
  regularization: atLeast(0, 1e-6),
  tolerance: atLeast(0, 1e-3),
  maxIterations: whole(1, 100),
  restarts: whole(1, 1),
  seed: whole(0, 0),
  miniBatch: optional(whole(1)),
  reseed: flag(false),
};

/** Names of the options of a fit. */
export const mixtureOptionNames: readonly string[] = [
  ...Object.keys(table),
  "covariance",
  "rank",
  "weights",
  "missing",
  "warmStart",
  "signal",
  "onProgress",
];

/** Checks given parameters, positive definiteness apart: the first step finds that. `name` stands before theirs in messages. */
export function startValues(
  where: string,
  parameters: MixtureStart<Numbers>,
  family: CovarianceFamily,
  { components, d, rank }: { components: number; d: number; rank: number },
  name = "init.",
): MixtureValues {
  const shapes = family.shapes(components, d, rank);
  const ofCovariances = family.ranked ? parameters.covariances : { covariances: parameters.covariances };
  const given = new Map<string, Float32Array<ArrayBuffer>>();
  const take = (key: string, values: unknown, shape: readonly number[]): Float64Array => {
    const got = numbersOf(where, `${name}${key}`, values);
    check(
      got.length === shape.reduce((a, b) => a * b, 1),
      "shape",
      where,
      () => `${name}${key} has another size. Expected ${show(shape)}; got ${got.length} values.`,
    );
    const floats = Float32Array.from(got);
    check(
      floats.every(Number.isFinite),
      "data",
      where,
      () => `${name}${key} holds a number beyond f32. Scale the data.`,
    );
    given.set(key, floats);
    return got;
  };
  const weights = take("weights", parameters.weights, [components]);
  const total = weights.reduce((a, b) => a + b, 0);
  check(
    weights.every((w) => w >= 0) && Math.abs(total - 1) < 1e-5,
    "argument",
    where,
    () => `${name}weights are no probabilities. Expected values ≥ 0 with sum 1; got ${show(weights)}.`,
  );
  take("means", parameters.means, [components, d]);
  const covariances: { [name: string]: Float32Array<ArrayBuffer> } = {};
  for (const [key, shape] of Object.entries(shapes)) {
    const values = take(key, (ofCovariances as { [key: string]: unknown } | null)?.[key], shape);
    covariances[key] = given.get(key)!;
    const isMatrix =
      key === "covariances" &&
      shape.length > 1 &&
      shape.at(-1) === d &&
      shape.at(-2) === d &&
      shape.length === (family.kind === "tied" ? 2 : 3);
    for (let at = 0; isMatrix && at < values.length; at += d * d)
      checkSymmetric(
        where,
        values,
        d,
        at,
        family.kind === "tied" ? "the covariance" : `covariance of component ${at / (d * d)}`,
      );
  }
  return { weights: given.get("weights")!, means: given.get("means")!, covariances };
}

/** The options with defaults. Throws LatentError("argument") naming the first that is unknown or out of range. */
export function checkMixtureOptions(where: string, options: MixtureOptions) {
  check(
    options !== undefined && options !== null,
    "argument",
    where,
    () => "how many components is missing. Expected { components: 3 } or so; got no options.",
  );
  checkOptions(where, options, mixtureOptionNames);
  checkCall(where, options);
  const { covariance = "full", rank, missing, warmStart } = options;
  checkRank(where, familyOf(where, covariance), rank);
  checkMissing(where, missing);
  const isMixture = warmStart === undefined || (typeof warmStart === "object" && warmStart?.means instanceof Tensor);
  check(isMixture, "argument", where, () => `expected warmStart as a GaussianMixture; got ${named(warmStart)}.`);
  check(warmStart === undefined || options.init === undefined, "argument", where, () => {
    return "expected init or warmStart; got both.";
  });
  return { ...options, covariance, ...readOptions(where, table, options) };
}
