import { check, checkOptions } from "../../device/errors.ts";
import { checkCall } from "../../formats/call.ts";
import type { LongCall } from "../../formats/call.ts";
import type { Shrinkage } from "./shrinkage.ts";

/** Which covariance a Gaussian has: any, diagonal, or a multiple of I. */
export type GaussianKind = "full" | "diag" | "spherical" | "low-rank";

/** How a Gaussian is fitted. */
export interface GaussianOptions extends LongCall {
  /** Which covariance: any, diagonal, a multiple of I, or `rank` directions and noise (probabilistic PCA); "full". */
  readonly covariance?: GaussianKind;
  /** Directions of "low-rank". */
  readonly rank?: number;
  /** Divisor n − ddof: 0 is maximum likelihood, 1 unbiased; 0. */
  readonly ddof?: 0 | 1;
  /** Added to every variance; 0. */
  readonly regularization?: number;
  /** How far a full covariance is drawn towards (tr Σ / d)·I: a number in [0, 1], or a rule that finds it; "none". */
  readonly shrinkage?: Shrinkage;
}

const known = ["covariance", "rank", "ddof", "regularization", "shrinkage", "signal", "onProgress"];
export const kinds: readonly GaussianKind[] = ["full", "diag", "spherical", "low-rank"];

/** Throws LatentError("argument") naming the first option that is unknown or out of range. */
export function checkGaussianOptions(where: string, options: GaussianOptions): void {
  checkOptions(where, options, known);
  checkCall(where, options);
  const { covariance = "full", rank, ddof = 0, regularization = 0, shrinkage = "none" } = options;
  check(
    kinds.includes(covariance),
    "argument",
    where,
    () => `unknown covariance. Expected one of ${kinds.join(", ")}; got ${covariance}.`,
  );
  check(ddof === 0 || ddof === 1, "argument", where, () => `expected ddof 0 or 1; got ${String(ddof)}.`);
  check(
    Number.isFinite(regularization) && regularization >= 0,
    "argument",
    where,
    () => `expected a regularization ≥ 0; got ${regularization}.`,
  );
  check(
    covariance === "low-rank" ? Number.isInteger(rank) && rank! > 0 : rank === undefined,
    "argument",
    where,
    () => `expected a whole rank > 0 with covariance "low-rank", and none without; got ${rank} with "${covariance}".`,
  );
  const fits =
    shrinkage === "none" ||
    shrinkage === "ledoit-wolf" ||
    shrinkage === "oas" ||
    (typeof shrinkage === "number" && shrinkage >= 0 && shrinkage <= 1);
  check(
    fits,
    "argument",
    where,
    () => `expected a shrinkage "none", "ledoit-wolf", "oas" or a number in [0, 1]; got ${String(shrinkage)}.`,
  );
  check(
    shrinkage === "none" || covariance === "full",
    "argument",
    where,
    () => `expected shrinkage only with covariance "full"; got "${covariance}".`,
  );
}
