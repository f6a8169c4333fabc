import { factorOf, inverseOfTriangle } from "../../linalg/symmetric.ts";
import { eigenpairs } from "../../linalg/tridiagonal.ts";
import { nextTask } from "../../formats/call.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** Loadings [d, rank] and noise [d]. */
export interface Factors {
  readonly loadings: Float64Array;
  readonly noise: Float64Array;
}

/** EM steps at most. */
const MOST_STEPS = 6000;
/** EM ends where three steps raise the mean log-likelihood, in nats, by less than d² times this: its rounding grows with the sums over all d² entries. */
const TOLERANCE = 1e-12;
/** Milliseconds of steps in one task; between two tasks an abort is heard. */
const SLICE = 50;
/** An extrapolation reaches at most so far at first, and so many times as far after each that helped. */
const STEP_GROWTH = 4;
/** Noise is kept above this part of a feature's variance: the likelihood grows without end as it goes to 0 (Heywood cases). */
const LEAST_NOISE = 2e-6;

/**
 * Loadings and noise of greatest likelihood for a covariance [d, d], in float64: EM on the correlations, each pair of steps
 * followed by an extrapolation that is kept where the likelihood grows. The likelihood may have several maxima; this one is reached
 * from Jöreskog's starting values, as in R's factanal.
 *
 * Source: Jöreskog, Psychometrika 1967; Rubin & Thayer, Psychometrika 1982; Varadhan & Roland, Simple and globally convergent methods for accelerating
 * the convergence of any EM algorithm, Scand. J. Statist. 2008 (SQUAREM).
 */
export async function factorAnalysis(
  covariance: Float64Array,
  d: number,
  rank: number,
  signal?: AbortSignal,
): Promise<Factors & { readonly converged: boolean }> {
  const deviations = Float64Array.from({ length: d }, (_, i) => Math.sqrt(covariance[i * d + i]!) || 1);
  const correlations = covariance.map((value, at) => value / deviations[Math.floor(at / d)]! / deviations[at % d]!);
  await nextTask();
  signal?.throwIfAborted();
  const first = start(correlations, d, rank);
  await nextTask();
  const best = await squarem(correlations, d, rank, first, signal);
  return {
    loadings: best.loadings.map((value, at) => value * deviations[Math.floor(at / rank)]!),
    noise: best.noise.map((value, i) => value * deviations[i]! ** 2),
    converged: best.converged,
  };
}

/** EM from a start until the likelihood stands still. */
async function squarem(s: Float64Array, d: number, rank: number, start: Factors, signal?: AbortSignal) {
  let best = start;
  let level = Number.NEGATIVE_INFINITY;
  let maxStep = STEP_GROWTH;
  let began = performance.now();
  for (let steps = 0; steps < MOST_STEPS; steps += 3) {
    if (performance.now() - began > SLICE) {
      await nextTask();
      began = performance.now();
    }
    signal?.throwIfAborted();
    const one = step(s, d, rank, best);
    const two = step(s, d, rank, one.next);
    const extrapolation = extrapolated(best, one.next, two.next, maxStep);
    // the likelihood of what a step started from comes with it
    const three = step(s, d, rank, extrapolation?.factors ?? two.next);
    const isBetter = extrapolation !== null && three.logLikelihood > two.logLikelihood;
    best = isBetter || !extrapolation ? three.next : two.next;
    if (isBetter && extrapolation.length === maxStep) maxStep *= STEP_GROWTH;
    if (extrapolation && !isBetter) maxStep = Math.max(STEP_GROWTH, maxStep / STEP_GROWTH);
    const now = Math.max(two.logLikelihood, three.logLikelihood);
    if (now - level < TOLERANCE * d * d) return { ...best, converged: true };
    level = now;
  }
  return { ...best, converged: false };
}

/** Noise (1 − rank / 2d) / (S⁻¹)_ii, and the loadings of greatest likelihood with it. */
function start(s: Float64Array, d: number, rank: number): Factors {
  const l = factorOf(s, d, () => 1e-9);
  const noise = new Float64Array(d).fill(0.5);
  if (l instanceof Float64Array) {
    const inverse = inverseOfTriangle(l, d);
    for (let i = 0; i < d; i++) {
      let precision = 0;
      for (let k = i; k < d; k++) precision += inverse[k * d + i]! ** 2;
      noise[i] = Math.max(LEAST_NOISE, (1 - rank / (2 * d)) / precision);
    }
  }
  const scaled = s.map((value, at) => value / Math.sqrt(noise[Math.floor(at / d)]! * noise[at % d]!));
  const { values, vectors } = eigenpairs(scaled, d);
  const loadings = new Float64Array(d * rank);
  for (let k = 0; k < rank; k++) {
    const from = d - 1 - k;
    const length = Math.sqrt(Math.max(1e-3, values[from]! - 1));
    for (let i = 0; i < d; i++) loadings[i * rank + k] = length * vectors[from * d + i]! * Math.sqrt(noise[i]!);
  }
  return { loadings, noise };
}

/** One EM step, and the mean log-likelihood of where it started. */
function step(s: Float64Array, d: number, rank: number, { loadings, noise }: Factors) {
  const byNoise = loadings.map((value, at) => value / noise[Math.floor(at / rank)]!);
  const inner = product(loadings, byNoise, d, rank);
  for (let a = 0; a < rank; a++) inner[a * rank + a]! += 1;
  const { inverse, logDet } = inverted(inner, rank);
  const projections = times(byNoise, inverse, d, rank);
  const projected = new Float64Array(d * rank);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const value = s[i * d + j]!;
      if (value === 0) continue;
      for (let a = 0; a < rank; a++) projected[i * rank + a]! += value * projections[j * rank + a]!;
    }
  const codes = product(projections, projected, d, rank);
  for (let at = 0; at < codes.length; at++) codes[at]! += inverse[at]!;
  const next = times(projected, inverted(codes, rank).inverse, d, rank);
  const rest = new Float64Array(d);
  let logLikelihood = d * LOG_TWO_PI + logDet;
  for (let i = 0; i < d; i++) {
    let [explained, along] = [0, 0];
    for (let a = 0; a < rank; a++) {
      explained += next[i * rank + a]! * projected[i * rank + a]!;
      along += byNoise[i * rank + a]! * projected[i * rank + a]!;
    }
    rest[i] = Math.max(LEAST_NOISE, s[i * d + i]! - explained);
    logLikelihood += Math.log(noise[i]!) + s[i * d + i]! / noise[i]! - along;
  }
  return { next: { loadings: next, noise: rest }, logLikelihood: -0.5 * logLikelihood };
}

/** Three points of a path drawn out to where it seems to lead, noise on a logarithmic scale; null where it stands still. */
function extrapolated(
  a: Factors,
  b: Factors,
  c: Factors,
  maxStep: number,
): { factors: Factors; length: number } | null {
  const flat = ({ loadings, noise }: Factors): Float64Array => {
    const all = new Float64Array(loadings.length + noise.length);
    all.set(loadings);
    all.set(noise.map(Math.log), loadings.length);
    return all;
  };
  const [x, y, z] = [flat(a), flat(b), flat(c)];
  let [squaredStep, squaredCurvature] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    squaredStep += (y[i]! - x[i]!) ** 2;
    squaredCurvature += (z[i]! - 2 * y[i]! + x[i]!) ** 2;
  }
  if (squaredCurvature === 0) return null;
  const length = Math.min(maxStep, Math.max(1, Math.sqrt(squaredStep / squaredCurvature)));
  const point = x.map((at, i) => at + 2 * length * (y[i]! - at) + length ** 2 * (z[i]! - 2 * y[i]! + at));
  const { length: size } = a.loadings;
  const noise = point.subarray(size).map((value) => Math.min(2, Math.max(LEAST_NOISE, Math.exp(value))));
  return { factors: { loadings: point.slice(0, size), noise }, length };
}

/** aᵀ·b of [d, rank] both. */
function product(a: Float64Array, b: Float64Array, d: number, rank: number): Float64Array {
  const result = new Float64Array(rank * rank);
  for (let i = 0; i < d; i++)
    for (let p = 0; p < rank; p++)
      for (let q = 0; q < rank; q++) result[p * rank + q]! += a[i * rank + p]! * b[i * rank + q]!;
  return result;
}

/** a [d, rank] times m [rank, rank]. */
function times(a: Float64Array, m: Float64Array, d: number, rank: number): Float64Array {
  const result = new Float64Array(d * rank);
  for (let i = 0; i < d; i++)
    for (let p = 0; p < rank; p++)
      for (let q = 0; q < rank; q++) result[i * rank + q]! += a[i * rank + p]! * m[p * rank + q]!;
  return result;
}

/** The inverse of a positive definite m, and log |m|. */
function inverted(m: Float64Array, n: number): { inverse: Float64Array; logDet: number } {
  const l = factorOf(m, n, () => 0);
  if (!(l instanceof Float64Array)) return { inverse: new Float64Array(n * n).fill(Number.NaN), logDet: Number.NaN };
  const half = inverseOfTriangle(l, n);
  let logDet = 0;
  for (let i = 0; i < n; i++) logDet += 2 * Math.log(l[i * n + i]!);
  return { inverse: product(half, half, n, n), logDet };
}
