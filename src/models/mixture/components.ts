import { add, div, greater, greaterEqual, maximum, mul, sqrt, square, sub, where } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { exp, log } from "../../graph/ops/elementwise.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { expand, reshape, transpose } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { mean as meanOf, min, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cholesky, inverseOfFactor, logdetOfFactor } from "../../linalg/cholesky.ts";
import { clusterSums, distances } from "../../linalg/clusters.ts";
import { along, identity, ones, swap } from "../../linalg/matrix.ts";

/** Which covariances the components have: any, one shared, diagonal, or a multiple of I each. */
export type Kind = "full" | "tied" | "diag" | "spherical";

/** weights [K], means [K, d], covariances [K, d, d], [d, d], [K, d] or [K] by kind. */
export interface Parameters {
  readonly weights: Tensor;
  readonly means: Tensor;
  readonly covariances: Tensor;
}

/** What densities need of the parameters, worked out once. */
export interface Prepared {
  /** log π_k − ½ (log |Σ_k| + d log 2π): [K] */
  readonly offsets: Tensor;
  /** Inverse factors l⁻¹ [K, d, d] or [d, d], or inverse variances [K, d]. */
  readonly precisions: Tensor;
  /** −1 each, or the pivot or feature at which a covariance is singular: [K], tied [1]. */
  readonly failed: Tensor;
}

/** Weighted moments around the means of the step before: n [K], first [K, d], second as the covariances (full ones for tied). */
export interface Statistics {
  readonly n: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/** Shape of the covariances. */
export function covarianceShape(kind: Kind, components: number, d: number): number[] {
  return { full: [components, d, d], tied: [d, d], diag: [components, d], spherical: [components] }[kind];
}

/** Free parameters: covariances, means, weights less one. */
export function parameterCount(kind: Kind, components: number, d: number): number {
  const matrix = (d * (d + 1)) / 2;
  const covariances = { full: components * matrix, tied: matrix, diag: components * d, spherical: components }[kind];
  return covariances + components * d + components - 1;
}

const LOG_TWO_PI = Math.log(2 * Math.PI);
/** Standard deviations below this part of the mean are rounding of the data. */
const RESOLUTION = 2 ** -22;
const NONE = 1e9;

export function prepare(kind: Kind, { weights, means, covariances }: Parameters): Prepared {
  const [k, d] = means.shape as [number, number];
  const done = (precisions: Tensor, logDet: Tensor, failed: Tensor): Prepared => ({
    offsets: sub(log(weights), mul(add(logDet, d * LOG_TWO_PI), 0.5)),
    precisions,
    failed,
  });
  if (kind === "full" || kind === "tied") {
    const { factor, failedPivot } = cholesky(covariances);
    return done(
      inverseOfFactor(factor),
      logdetOfFactor(factor),
      cast(reshape(failedPivot, [kind === "full" ? k : 1]), "f32"),
    );
  }
  const variances = kind === "diag" ? covariances : expand(reshape(covariances, [k, 1]), [k, d]);
  const low = add(mul(square(means), RESOLUTION ** 2), 1e-36);
  const good = greater(variances, low);
  const first = min(where(good, NONE, along(means.gpu, [k, d])), 1);
  const safe = where(good, variances, 1);
  return done(div(1, safe), sum(log(safe), 1), where(greater(first, NONE / 2), -1, first));
}

/** x [n, d] − μ [K, d] for all pairs: [K, n, d]. */
const differences = (x: Tensor, means: Tensor): Tensor =>
  sub(reshape(x, [1, ...x.shape]), reshape(means, [means.shape[0]!, 1, means.shape[1]!]));

/** log π_k + log N(x_i; μ_k, Σ_k): [n, K]. */
export function logJoint(
  kind: Kind,
  x: Tensor,
  means: Tensor,
  { offsets, precisions }: Pick<Prepared, "offsets" | "precisions">,
): Tensor {
  return add(mul(squares(kind, x, means, precisions), -0.5), offsets);
}

/** (x_i − μ_k)ᵀ Σ_k⁻¹ (x_i − μ_k): [n, K]. */
function squares(kind: Kind, x: Tensor, means: Tensor, precisions: Tensor): Tensor {
  if (kind === "diag" || kind === "spherical") return distances(x, means, precisions);
  if (kind === "full") return transpose(sum(square(matmul(differences(x, means), swap(precisions))), 2));
  // one map for all: distances after it. The common part of the means goes first, so that a far origin costs no accuracy
  const origin = meanOf(means, 0);
  const white = (rows: Tensor) => matmul(sub(rows, origin), swap(precisions));
  const flat = white(means);
  return distances(white(x), flat, ones(x.gpu, flat.shape));
}

/** Per row: log p(x) [n], and the probability of each component [n, K]. */
export function responsibilities(joint: Tensor): { logProb: Tensor; shares: Tensor } {
  const logProb = logsumexp(joint, 1);
  return { logProb, shares: exp(sub(joint, reshape(logProb, [logProb.size, 1]))) };
}

export function statistics(kind: Kind, x: Tensor, shares: Tensor, means: Tensor): Statistics {
  const [k, d] = means.shape as [number, number];
  const n = sum(shares, 0);
  if (kind === "diag" || kind === "spherical") {
    const both = clusterSums(x, means, shares);
    const part = (which: number) => reshape(slice(both, 1, which, which + 1), [k, d]);
    return { n, first: part(0), second: part(1) };
  }
  const away = differences(x, means);
  const share = reshape(transpose(shares), [k, x.shape[0]!, 1]);
  // the root on both sides, so that the product is exactly symmetric
  const rooted = mul(away, sqrt(share));
  const first = sum(mul(away, share), 1);
  if (kind === "full") return { n, first, second: matmul(swap(rooted), rooted) };
  const flat = reshape(rooted, [k * x.shape[0]!, d]);
  return { n, first, second: matmul(transpose(flat), flat) };
}

/** Shape of each statistic. */
export const statisticShapes = (kind: Kind, k: number, d: number) => ({
  n: [k],
  first: [k, d],
  second: kind === "full" ? [k, d, d] : kind === "tied" ? [d, d] : [k, d],
});

/** The M step: parameters of greatest likelihood given moments around `means`. */
export function maximise(
  kind: Kind,
  { n, first, second }: Statistics,
  means: Tensor,
  regularization: number,
): Parameters {
  const [k, d] = means.shape as [number, number];
  const counts = add(n, 10 * 2 ** -23);
  const column = reshape(counts, [k, 1]);
  const shift = div(first, column);
  const total = sum(counts);
  const moved = { weights: div(counts, total), means: add(means, shift) };
  if (kind === "diag" || kind === "spherical") {
    const variances = add(maximum(sub(div(second, column), square(shift)), 0), regularization);
    return { ...moved, covariances: kind === "diag" ? variances : meanOf(variances, 1) };
  }
  const ridge = mul(identity(means.gpu, d), regularization);
  const outer = mul(reshape(shift, [k, d, 1]), reshape(shift, [k, 1, d]));
  if (kind === "full")
    return { ...moved, covariances: add(sub(div(second, reshape(counts, [k, 1, 1])), outer), ridge) };
  const missed = sum(mul(outer, reshape(counts, [k, 1, 1])), 0);
  return { ...moved, covariances: add(div(sub(second, missed), total), ridge) };
}

/** 1 for the nearest of the centres, the first of several: [n, K]. */
export function nearest(x: Tensor, centres: Tensor): { shares: Tensor; squares: Tensor } {
  const all = distances(x, centres, ones(x.gpu, centres.shape));
  const [n, k] = all.shape as [number, number];
  const least = min(all, 1, { keepDims: true });
  const index = along(x.gpu, [n, k]);
  const label = min(where(greater(all, least), NONE, index), 1, { keepDims: true });
  return { shares: sub(1, where(sub(index, label), 1, 0)), squares: reshape(least, [n]) };
}

/** 0, 1, … count − 1 as f32. */
export const positions = (gpu: Tensor["gpu"], count: number): Tensor => reshape(along(gpu, [1, count]), [count]);

/** The index of the first value that is ≥ 0; beyond all where there is none. */
export function indexOfFirst(values: Tensor): Tensor {
  const n = values.shape[0]!;
  return min(where(greaterEqual(values, 0), positions(values.gpu, n), n));
}
