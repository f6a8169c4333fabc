import { check } from "../../device/errors.ts";
import { type CentredSums, centredSums, FEW } from "../../linalg/moments.ts";
import { rowsOf, type Samples } from "../../data/rows.ts";
import { factorOf } from "../../linalg/symmetric.ts";
import { familyOf } from "../covariance/families.ts";
import type { CovarianceFamily, Origin, Values } from "../covariance/family.ts";
import { FEATURES_ON_CPU, NEARLY_SINGULAR } from "../covariance/roots.ts";
import { shrink } from "../covariance/shrinkage.ts";
import { checkRank } from "../covariance/families.ts";
import { emOfOne } from "../mixture/fit.ts";
import type { GaussianOptions } from "./options.ts";

/** What a Gaussian is made of, in float64. */
export interface Estimate {
  readonly family: CovarianceFamily;
  readonly mean: Float64Array;
  readonly covariance: Values;
  readonly shrinkage: number;
  readonly origin: Origin;
}

/** Mean and covariance of greatest likelihood for samples. See Gaussian.fit. */
export async function estimateOf(where: string, samples: Samples, options: GaussianOptions): Promise<Estimate> {
  const rows = rowsOf(where, samples);
  const { ddof = 0, covariance: kind = "full", shrinkage = "none", rank, regularization = 0, signal } = options;
  check(rows.count > ddof, "shape", where, () => `too few rows. Expected more than ddof = ${ddof}; got ${rows.count}.`);
  const family = familyOf(where, kind, true);
  checkRank(where, family, rank, rows.dim);
  const needed = family.needsProducts!(rows.dim);
  let sums = await centredSums(where, rows, needed, options);
  if (kind === "factor" && !needed) {
    // EM over the rows: no matrix of features × features
    const covariance = await emOfOne(where, rows, { kind, rank: rank!, regularization, signal }, sums);
    return { family, mean: sums.mean, covariance, shrinkage: 0, origin: { kind: "numbers", precision: 2 ** -24 } };
  }
  let exact = rows.dim <= FEW;
  if (kind === "full" && !exact && rows.dim <= FEATURES_ON_CPU && nearlySingular(sums)) {
    // what products in f32 leave of the smallest directions is rounding: once more in float64
    sums = await centredSums(where, rows, true, options, true);
    exact = true;
  }
  const intensity = kind === "full" ? await shrink(where, sums, shrinkage, rows, signal) : 0;
  const covariance = await family.estimate!({
    where,
    sums,
    divisor: rows.count - ddof,
    rank: rank ?? 0,
    regularization,
    shrinkage: intensity,
    rows,
    signal,
  });
  return { family, mean: sums.mean, covariance, shrinkage: intensity, origin: originOf(sums.mean, exact) };
}

/** The same from sums that were gathered elsewhere. */
export async function estimateOfSums(where: string, sums: CentredSums, options: GaussianOptions): Promise<Estimate> {
  const { ddof = 0, covariance: kind = "full", shrinkage = "none", rank, regularization = 0 } = options;
  check(
    sums.count > ddof,
    "shape",
    where,
    () => `too few samples. Expected more than ddof = ${ddof}; got ${sums.count}.`,
  );
  const family = familyOf(where, kind, true);
  const { mean, count } = sums;
  checkRank(where, family, rank, mean.length);
  const intensity = kind === "full" ? await shrink(where, sums, shrinkage) : 0;
  const covariance = await family.estimate!({
    where,
    sums,
    divisor: count - ddof,
    rank: rank ?? 0,
    regularization,
    shrinkage: intensity,
    rows: null,
    signal: undefined,
  });
  return { family, mean, covariance, shrinkage: intensity, origin: originOf(mean, mean.length <= FEW) };
}

const originOf = (mean: Float64Array, exact: boolean): Origin =>
  exact ? { kind: "samples", mean } : { kind: "numbers", precision: 2 ** -24 };

/** Whether a direction is so narrow that products in f32 say little about it. */
function nearlySingular({ mean, products }: CentredSums): boolean {
  const d = mean.length;
  return !(factorOf(products, d, (i) => NEARLY_SINGULAR * products[i * d + i]!) instanceof Float64Array);
}
