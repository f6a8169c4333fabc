import { check } from "../../device/errors.ts";
import type { LongCall } from "../../formats/call.ts";
import { ALWAYS_EXACT, type CentredSums, centredSums } from "../../linalg/centredSums.ts";
import { type Rows, rowsOf, type Samples } from "../../data/rows.ts";
import { factorOf } from "../../linalg/symmetric.ts";
import { familyOf } from "../covariance/families.ts";
import { diagonalOf } from "../covariance/diagonal.ts";
import { emOfOne } from "../mixture/emOfOne.ts";
import { filledRows, observedMeans } from "../observed.ts";
import { totalOf, weightsOf } from "../weights.ts";
import type { CovarianceFamily, Evidence, Origin, Values } from "../covariance/family.ts";
import { lowRank } from "../covariance/lowRank.ts";
import { FEATURES_ON_CPU, NEARLY_SINGULAR } from "../covariance/roots.ts";
import { type Shrinkage, shrink } from "../covariance/shrinkage.ts";
import { checkRank } from "../covariance/families.ts";
import type { FullGaussianOptions } from "./options.ts";

/** What a Gaussian is made of, in float64. */
export interface Estimate {
  readonly family: CovarianceFamily;
  readonly mean: Float64Array;
  readonly covariance: Values;
  /** The root l of the covariance l·lᵀ, where a file holds it. */
  readonly factor?: Float32Array<ArrayBuffer> | null;
  readonly shrinkage: number;
  readonly origin: Origin;
  /** What the fit has to say. */
  readonly warnings: readonly string[];
}

/** Mean and covariance of greatest likelihood for samples. See Gaussian.fit. */
export async function estimateOf(where: string, samples: Samples, options: FullGaussianOptions): Promise<Estimate> {
  const rows = rowsOf(where, samples);
  const { ddof, covariance: kind, shrinkage, rank, regularization, signal, missing } = options;
  const family = familyOf(where, kind, true);
  checkRank(where, family, rank, rows.dim);
  const weights = await weightsOf(where, options.weights, rows.count);
  const count = weights ? totalOf(weights) : rows.count;
  checkCount(where, count, ddof);
  const warnings: string[] = [];
  const common = {
    where,
    rank: rank ?? 0,
    regularization,
    signal,
    weights,
    warn: (text: string) => warnings.push(text),
  };
  if (missing) return { ...(await estimateOfIncomplete(family, rows, { ...common, ...options, weights })), warnings };
  const needed = family.needsProducts!(rows.dim);
  const call = { ...options, weights };
  let sums = await centredSums(where, rows, needed, call);
  const divisor = count - ddof;
  const evidence = { ...common, divisor, rows, origin: originOf(sums.mean, sums.exact === true) };
  if (kind === "factor" && !needed) {
    // EM over the rows, from probabilistic PCA: no matrix of features × features
    const start = factorsFrom(await lowRank.estimate!({ ...evidence, sums, shrinkage: 0 }), sums, divisor);
    const tolerance = 1e-6 * rows.dim;
    const found = await byEm(family, rows, { ...common, ...options, weights, tolerance }, sums.mean, start);
    return { ...found, mean: sums.mean, warnings };
  }
  let exact = sums.exact === true;
  if (kind === "full" && !exact && rows.dim <= FEATURES_ON_CPU && nearlySingular(sums)) {
    // what products in f32 leave of the smallest directions is rounding: once more in float64
    sums = await centredSums(where, rows, true, call, true);
    exact = true;
  }
  return { ...(await estimated(family, { ...evidence, sums }, shrinkage, exact)), warnings };
}

/** The same from sums that were gathered elsewhere. */
export async function estimateOfSums(
  where: string,
  sums: CentredSums,
  options: FullGaussianOptions,
): Promise<Estimate> {
  const { ddof, covariance: kind, shrinkage, rank, regularization } = options;
  checkCount(where, sums.count, ddof);
  const family = familyOf(where, kind, true);
  const dim = sums.mean.length;
  checkRank(where, family, rank, dim);
  const warnings: string[] = [];
  const given = { where, sums, divisor: sums.count - ddof, rank: rank ?? 0, regularization, rows: null };
  const none = { signal: undefined, weights: undefined };
  const origin = originOf(sums.mean, dim <= ALWAYS_EXACT);
  const evidence = { ...given, ...none, origin, warn: (text: string) => warnings.push(text) };
  return { ...(await estimated(family, evidence, shrinkage, dim <= ALWAYS_EXACT)), warnings };
}

const checkCount = (where: string, count: number, ddof: number): void =>
  check(count > ddof, "shape", where, () => `too few rows. Expected more than ddof = ${ddof}; got ${count}.`);

/** Shrinkage and covariance from what was gathered; `exact` sums are float64's. */
async function estimated(
  family: CovarianceFamily,
  evidence: Omit<Evidence, "shrinkage">,
  rule: Shrinkage,
  exact: boolean,
): Promise<Omit<Estimate, "warnings">> {
  const { where, sums, rows, signal, weights } = evidence;
  const shrinkage = family.kind === "full" ? await shrink(where, sums, rule, rows ?? undefined, signal, weights) : 0;
  const covariance = await family.estimate!({ ...evidence, shrinkage });
  return { family, mean: sums.mean, covariance, shrinkage, origin: originOf(sums.mean, exact) };
}

interface EmCall extends LongCall {
  readonly where: string;
  readonly rank: number;
  readonly regularization: number;
  readonly tolerance: number;
  readonly weights: Float32Array<ArrayBuffer> | undefined;
  readonly fill?: Float32Array<ArrayBuffer>;
  readonly warn: (warning: string) => void;
}

/** By EM over the rows, from a start. */
async function byEm(family: CovarianceFamily, rows: Rows, call: EmCall, mean: Float64Array, start: Values) {
  const { where, warn, rank, regularization, tolerance, weights, fill, signal, onProgress } = call;
  const numbers = { kind: family.kind, rank, regularization, tolerance, maxIterations: 1000, weights, fill };
  const { converged, iterations, ...found } = await emOfOne(
    where,
    rows,
    { ...numbers, signal, onProgress },
    mean,
    start,
  );
  if (!converged)
    warn(`${where}: EM did not converge in ${iterations} iterations. Raise regularization, or lower rank.`);
  return { family, ...found, shrinkage: 0, origin: { kind: "numbers", precision: 2 ** -24 } as const };
}

/** Of rows with missing entries, from their means in place of these. */
async function estimateOfIncomplete(family: CovarianceFamily, rows: Rows, call: Omit<EmCall, "tolerance" | "fill">) {
  const { where, rank, regularization, signal, weights } = call;
  const fill = await observedMeans(where, rows, signal);
  const filled = filledRows(where, rows, fill, signal);
  const needed = family.needsProducts!(rows.dim);
  const sums = await centredSums(where, filled, needed, { signal, weights });
  const d = rows.dim;
  const total = diagonalOf(sums.products, d).reduce((a, b) => a + b, 0) / sums.count;
  const origin = originOf(sums.mean, true);
  // clear of singular, for the first step alone
  const ridge = regularization + 1e-3 * (total / d) + 1e-30;
  const given = { ...call, sums, divisor: sums.count, rank, regularization: ridge, shrinkage: 0, rows: filled, signal };
  const isFactor = family.kind === "factor" && !needed;
  const found = await (isFactor ? lowRank : family).estimate!({ ...given, origin });
  const start = isFactor ? factorsFrom(found, sums, sums.count) : found;
  return byEm(family, rows, { ...call, tolerance: 1e-6, fill }, sums.mean, start);
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
