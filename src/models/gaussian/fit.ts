import { check } from "../../device/errors.ts";
import { ALWAYS_EXACT, type CentredSums, centredSums } from "../../linalg/centredSums.ts";
import { rowsOf, type Samples } from "../../data/rows.ts";
import { factorOf } from "../../linalg/symmetric.ts";
import { familyOf } from "../covariance/families.ts";
import type { CovarianceFamily, Evidence, Origin, Values } from "../covariance/family.ts";
import { lowRank } from "../covariance/lowRank.ts";
import { FEATURES_ON_CPU, NEARLY_SINGULAR } from "../covariance/roots.ts";
import { type Shrinkage, shrink } from "../covariance/shrinkage.ts";
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
  const divisor = rows.count - ddof;
  const evidence = { where, divisor, rank: rank ?? 0, regularization, rows, signal };
  if (kind === "factor" && !needed) {
    // EM over the rows, from probabilistic PCA: no matrix of features × features
    const start = factorsFrom(await lowRank.estimate!({ ...evidence, sums, shrinkage: 0 }), sums, divisor);
    const covariance = await emOfOne(where, rows, { kind, rank: rank!, regularization, signal }, sums.mean, start);
    return { family, mean: sums.mean, covariance, shrinkage: 0, origin: { kind: "numbers", precision: 2 ** -24 } };
  }
  let exact = sums.exact === true;
  if (kind === "full" && !exact && rows.dim <= FEATURES_ON_CPU && nearlySingular(sums)) {
    // what products in f32 leave of the smallest directions is rounding: once more in float64
    sums = await centredSums(where, rows, true, options, true);
    exact = true;
  }
  return estimated(family, { ...evidence, sums }, shrinkage, exact);
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
  const dim = sums.mean.length;
  checkRank(where, family, rank, dim);
  const divisor = sums.count - ddof;
  const evidence = { where, sums, divisor, rank: rank ?? 0, regularization, rows: null, signal: undefined };
  return estimated(family, evidence, shrinkage, dim <= ALWAYS_EXACT);
}

/** Shrinkage and covariance from what was gathered; `exact` sums are float64's. */
async function estimated(
  family: CovarianceFamily,
  evidence: Omit<Evidence, "shrinkage">,
  rule: Shrinkage,
  exact: boolean,
): Promise<Estimate> {
  const { where, sums, rows, signal } = evidence;
  const shrinkage = family.kind === "full" ? await shrink(where, sums, rule, rows ?? undefined, signal) : 0;
  const covariance = await family.estimate!({ ...evidence, shrinkage });
  return { family, mean: sums.mean, covariance, shrinkage, origin: originOf(sums.mean, exact) };
}

const originOf = (mean: Float64Array, exact: boolean): Origin =>
  exact ? { kind: "samples", mean } : { kind: "numbers", precision: 2 ** -24 };

/** Whether a direction is so narrow that products in f32 say little about it. */
function nearlySingular({ mean, products }: CentredSums): boolean {
  const d = mean.length;
  return !(factorOf(products, d, (i) => NEARLY_SINGULAR * products[i * d + i]!) instanceof Float64Array);
}

/** Loadings of probabilistic PCA, and for each feature the variance that they leave. */
function factorsFrom({ loadings, noise }: Values, { products }: CentredSums, divisor: number): Values {
  const d = products.length;
  const rank = loadings!.length / d;
  const rest = products.map((value, i) => {
    const explained = loadings!.subarray(i * rank, i * rank + rank).reduce((sum, w) => sum + w * w, 0);
    return Math.max(0.01 * noise![0]!, value / divisor - explained);
  });
  return { loadings: loadings!, noise: rest };
}
