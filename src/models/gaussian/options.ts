import { check } from "../../device/errors.ts";
import { checkCall, type LongCall } from "../../formats/call.ts";
import { atLeast, isNumber, option, readOptions } from "../../formats/options.ts";
import { checkRank, familyOf } from "../covariance/families.ts";
import type { CovarianceKind } from "../covariance/family.ts";
import type { Shrinkage } from "../covariance/shrinkage.ts";
import { checkMissing, type Missing } from "../observed.ts";
import type { Weights } from "../weights.ts";

/** Which covariance a Gaussian has: any, diagonal, a multiple of I, or `rank` directions and noise, alike or one each. */
export type GaussianKind = Exclude<CovarianceKind, "tied">;

/** How a Gaussian is fitted. */
export interface GaussianOptions extends LongCall {
  /** Which covariance: any, diagonal, a multiple of I, or `rank` directions and noise, alike (probabilistic PCA) or one each ("factor"); "full". */
  readonly covariance?: GaussianKind;
  /** Directions of "low-rank" and "factor". */
  readonly rank?: number;
  /** Divisor n − ddof: 0 is maximum likelihood, 1 unbiased; 0. */
  readonly ddof?: 0 | 1;
  /** Added to every variance; 0. */
  readonly regularization?: number;
  /** How far a full covariance is drawn towards (tr Σ / d)·I: a number in [0, 1], or a rule that finds it; "none". */
  readonly shrinkage?: Shrinkage;
  /** A weight ≥ 0 for each row: 2 counts as the row twice. */
  readonly weights?: Weights;
  /** "nan": NaN stands for an entry that is missing at random, and EM finds the maximum for what is observed. */
  readonly missing?: Missing;
}

const shrinkages: readonly unknown[] = ["none", "ledoit-wolf", "oas"];
const table = {
  ddof: option<0 | 1>(0, "0 or 1", (value) => value === 0 || value === 1),
  regularization: atLeast(0, 0),
  shrinkage: option<Shrinkage>("none", '"none", "ledoit-wolf", "oas" or a number in [0, 1]', (value) => {
    return isNumber(value) ? value >= 0 && value <= 1 : shrinkages.includes(value);
  }),
};
const others = ["covariance", "rank", "weights", "missing", "signal", "onProgress"];

/** How a Gaussian is fitted, where nothing that has a default is left out. */
export type FullGaussianOptions = GaussianOptions &
  Required<Pick<GaussianOptions, "covariance" | "ddof" | "regularization" | "shrinkage">>;

/** Options with their defaults. Throws LatentError("argument") naming the first that is unknown or out of range. */
export function gaussianOptions(where: string, options: GaussianOptions): FullGaussianOptions {
  const values = readOptions(where, table, options, others);
  checkCall(where, options);
  const { ddof, shrinkage } = values;
  const { covariance = "full", rank, missing } = options;
  checkRank(where, familyOf(where, covariance, true), rank);
  checkMissing(where, missing);
  check(missing === undefined || (ddof === 0 && shrinkage === "none"), "argument", where, () => {
    return "missing entries are filled by greatest likelihood. Expected no ddof and no shrinkage with them; set regularization.";
  });
  check(
    shrinkage === "none" || covariance === "full",
    "argument",
    where,
    () => `expected shrinkage only with covariance "full"; got "${covariance}".`,
  );
  return { ...options, ...values, covariance };
}
