import { factorOf } from "../../linalg/symmetric.ts";
import { digamma, logGamma } from "../gammaFunction.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** Forms of covariance that have a conjugate prior here. */
export type BayesianKind = "full" | "tied" | "diag" | "spherical";

/** What is believed before any row is seen. */
export interface Priors {
  readonly kind: BayesianKind;
  readonly weights: "dirichlet-process" | "dirichlet-distribution";
  /** γ or α₀: the concentration of the weights. */
  readonly concentration: number;
  /** β₀ */
  readonly meanPrecision: number;
  /** m₀ [d] */
  readonly mean: Float64Array;
  /** ν₀ */
  readonly degrees: number;
  /** Σ₀ in the form of one covariance: [d, d], [d] or []. */
  readonly covariance: Float64Array;
}

/** Responsible rows: counts N_k [K], means [K, d], covariances in the form of the kind, regularisation included. */
export interface Evidence {
  readonly counts: Float64Array;
  readonly means: Float64Array;
  readonly scatter: Float64Array;
}

/** What is believed after. Tied covariances have one entry of degrees. */
export interface Posterior {
  /** Beta parameters of the sticks [K] each, or the Dirichlet's [K] and none. */
  readonly concentration: readonly [Float64Array, Float64Array | null];
  readonly meanPrecision: Float64Array;
  readonly means: Float64Array;
  readonly degrees: Float64Array;
  /** Expected precision's inverse, Σ_k / ν_k. */
  readonly covariances: Float64Array;
  /** −½ log |covariance| of each. */
  readonly logDetRoots: Float64Array;
}

/**
 * Posterior of a Gaussian mixture given what belongs to each component: Dirichlet process (sticks) or Dirichlet weights, normal means, Wishart precisions.
 * Source: Blei & Jordan, Variational inference for Dirichlet process mixtures, 2006; Bishop, PRML 10.2, with the conventions of scikit-learn's BayesianGaussianMixture.
 */
export function posteriorOf(priors: Priors, { counts, means: centres, scatter }: Evidence): Posterior {
  const { kind, mean, meanPrecision: beta, degrees: nu, covariance } = priors;
  const [k, d] = [counts.length, mean.length];
  const meanPrecision = counts.map((n) => beta + n);
  const means = centres.map((value, at) => {
    const c = Math.floor(at / d);
    return (beta * mean[at % d]! + counts[c]! * value) / meanPrecision[c]!;
  });
  const size = covariance.length;
  const isTied = kind === "tied";
  const total = counts.reduce((a, b) => a + b, 0);
  const degrees = isTied ? Float64Array.of(nu + total / k) : counts.map((n) => nu + n);
  const covariances = new Float64Array(isTied ? size : k * size);
  for (let at = 0; at < covariances.length; at++) {
    const count = isTied ? total / k : counts[Math.floor(at / size)]!;
    covariances[at] = covariance[at % size]! + count * scatter[at]!;
  }
  for (let c = 0; c < k; c++) {
    const weight = (counts[c]! * beta) / meanPrecision[c]! / (isTied ? k : 1);
    const gap = Float64Array.from(mean, (value, j) => centres[c * d + j]! - value);
    const from = isTied ? 0 : c * size;
    if (kind === "spherical") covariances[from]! += (weight * gap.reduce((sum, g) => sum + g * g, 0)) / d;
    else if (kind === "diag") for (let j = 0; j < d; j++) covariances[from + j]! += weight * gap[j]! ** 2;
    else
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) covariances[from + i * d + j]! += weight * gap[i]! * gap[j]!;
  }
  for (let at = 0; at < covariances.length; at++) covariances[at]! /= degrees[Math.floor(at / size)]!;
  const logDetRoots = degrees.map((_, c) => logDetRoot(kind, covariances.subarray(c * size, c * size + size), d));
  return { concentration: concentrationOf(priors, counts), meanPrecision, means, degrees, covariances, logDetRoots };
}

/** −½ log |Σ|; NaN where it is not positive definite. */
function logDetRoot(kind: BayesianKind, values: Float64Array, d: number): number {
  if (kind === "spherical") return -0.5 * d * Math.log(values[0]!);
  if (kind === "diag") return values.reduce((sum, value) => sum - 0.5 * Math.log(value), 0);
  const l = factorOf(values, d, () => 0);
  if (!(l instanceof Float64Array)) return Number.NaN;
  let total = 0;
  for (let i = 0; i < d; i++) total -= Math.log(l[i * d + i]!);
  return total;
}

function concentrationOf({ weights, concentration }: Priors, counts: Float64Array): Posterior["concentration"] {
  if (weights === "dirichlet-distribution") return [counts.map((n) => concentration + n), null];
  const after = new Float64Array(counts.length);
  for (let c = counts.length - 2; c >= 0; c--) after[c] = after[c + 1]! + counts[c + 1]!;
  return [counts.map((n) => 1 + n), after.map((n) => concentration + n)];
}

/** Expected weights [K]. */
export function expectedWeights({ concentration: [a, b] }: Posterior): Float64Array {
  let left = 1;
  const weights = a.map((value, c) => {
    if (!b) return value;
    const weight = (value / (value + b[c]!)) * left;
    left *= b[c]! / (value + b[c]!);
    return weight;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** E[log π_k]: [K]. */
function logWeightsOf({ concentration: [a, b] }: Posterior): Float64Array {
  if (!b) {
    const all = digamma(a.reduce((sum, value) => sum + value, 0));
    return a.map((value) => digamma(value) - all);
  }
  let before = 0;
  return a.map((value, c) => {
    const all = digamma(value + b[c]!);
    const result = digamma(value) - all + before;
    before += digamma(b[c]!) - all;
    return result;
  });
}

/** What the E step adds to −½ (x − m_k)ᵀ Σ_k⁻¹ (x − m_k): [K]. */
export function offsetsOf(posterior: Posterior, d: number): Float64Array {
  const { meanPrecision, degrees, logDetRoots } = posterior;
  return logWeightsOf(posterior).map((logWeight, c) => {
    const at = degrees.length === 1 ? 0 : c;
    const nu = degrees[at]!;
    let logLambda = d * Math.LN2;
    for (let j = 0; j < d; j++) logLambda += digamma(0.5 * (nu - j));
    const gaussian = logDetRoots[at]! - 0.5 * d * LOG_TWO_PI - 0.5 * d * Math.log(nu);
    return logWeight + gaussian + 0.5 * (logLambda - d / meanPrecision[c]!);
  });
}

/** The lower bound of log p(x) but for constants, as scikit-learn reports it; entropy: −Σ r log r of all rows. */
export function boundOf(posterior: Posterior, entropy: number, d: number): number {
  const { concentration, meanPrecision, degrees, logDetRoots } = posterior;
  const k = meanPrecision.length;
  let wishart = 0;
  for (const [c, nu] of degrees.entries()) {
    let norm = nu * (logDetRoots[c]! - 0.5 * d * Math.log(nu)) + nu * d * 0.5 * Math.LN2;
    for (let j = 0; j < d; j++) norm += logGamma(0.5 * (nu - j));
    wishart -= norm * (degrees.length === 1 ? k : 1);
  }
  const [a, b] = concentration;
  const sum = (values: Float64Array) => values.reduce((x, y) => x + y, 0);
  const weights = b
    ? -sum(a.map((value, c) => logGamma(value) + logGamma(b[c]!) - logGamma(value + b[c]!)))
    : logGamma(sum(a)) - sum(a.map(logGamma));
  return entropy - wishart - weights - 0.5 * d * sum(meanPrecision.map(Math.log));
}
