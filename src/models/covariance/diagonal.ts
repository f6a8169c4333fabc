import { add, div, greater, maximum, mul, sqrt, square, sub, where } from "../../graph/ops/arithmetic.ts";
import { log } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { min, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { clusterSums, distances } from "../../linalg/clusters.ts";
import { along, onDiagonal, zeros } from "../../linalg/matrix.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { CovarianceFamily, Roots, Statistics, Whitening } from "./family.ts";
import { incompleteOfVariances } from "./missing.ts";
import { leastVariance, updatedMeans } from "./stack.ts";
import { checkVariances, roundingOf } from "./roots.ts";

const NONE = 1e9;

/** Feature of the first variance [K, d] that is not above rounding, or −1: [K]; and the variances with 1 for such. */
export function checkedVariances(variances: Tensor, means: Tensor): { failed: Tensor; safe: Tensor } {
  const good = greater(variances, leastVariance(means));
  const first = min(where(good, NONE, along(means.gpu, means.shape)), 1);
  return { failed: where(greater(first, NONE / 2), -1, first), safe: where(good, variances, 1) };
}

/** Whitening of variances [K, d]. */
export function whitenVariances(variances: Tensor, means: Tensor): Whitening {
  const { failed, safe } = checkedVariances(variances, means);
  return { logDet: sum(log(safe), 1), failed, tensors: { precisions: div(1, safe) } };
}

/** First and second moments of the columns around the means. */
export function columnMoments(x: Tensor, responsibilities: Tensor, means: Tensor): Statistics {
  const both = clusterSums(x, means, responsibilities);
  const part = (which: number) => reshape(slice(both, 1, which, which + 1), means.shape);
  return { n: sum(responsibilities, 0), first: part(0), second: part(1) };
}

/** Variances [K, d] of greatest likelihood. */
export function maximisedVariances(statistics: Statistics, means: Tensor, regularization: number) {
  const { column, shift, weights, means: next } = updatedMeans(statistics, means);
  const variances = add(maximum(sub(div(statistics.second, column), square(shift)), 0), regularization);
  return { weights, means: next, variances };
}

/** Roots of variances [d]. */
export function rootsOfVariances(gpu: Gpu, variances: Float64Array): Roots {
  const shape = [variances.length];
  const deviations = gpu.tensor(variances.map(Math.sqrt), shape);
  const reciprocals = gpu.tensor(
    variances.map((v) => 1 / Math.sqrt(v)),
    shape,
  );
  return {
    logDet: variances.reduce((total, v) => total + Math.log(v), 0),
    colour: (noise) => mul(noise, deviations),
    whiten: (centred) => mul(centred, reciprocals),
    squaredDistances: (centred) => sum(square(mul(centred, reciprocals)), 1),
    parts: () => ({ loadings: null, noise: square(deviations) }),
    precisions: () => square(reciprocals),
    tensors: { deviations, reciprocals },
  };
}

/** The diagonal of products [d, d], or products [d] as they are. */
export const diagonalOf = (products: Float64Array, d: number): Float64Array =>
  products.length === d * d && d > 1 ? Float64Array.from({ length: d }, (_, i) => products[i * d + i]!) : products;

/** Variances of the features: covariances [K, d]. */
export const diagonal: CovarianceFamily = {
  kind: "diag",
  ranked: false,
  keepsDifferences: false,
  parameterCount: (k, d) => k * d,
  shapes: (k, d) => ({ covariances: [k, d] }),
  whiteningShapes: (k, d) => ({ precisions: [k, d] }),
  secondShape: (k, d) => [k, d],
  whitening: ({ covariances }, means) => whitenVariances(covariances!, means),
  squaredDistances: (x, { means, whitening }) => distances(x, means, whitening["precisions"]!),
  statistics: (x, responsibilities, { means }) => columnMoments(x, responsibilities, means),
  incomplete: (x, state) => incompleteOfVariances(x, state, state.covariances["covariances"]!),
  moments: ({ covariances, weights }, regularization) =>
    mul(sub(covariances["covariances"]!, regularization), reshape(weights, [-1, 1])),
  maximise(statistics, { means }, regularization) {
    const { variances, ...rest } = maximisedVariances(statistics, means, regularization);
    return { ...rest, covariances: { covariances: variances } };
  },
  colour: ({ covariances }, { noise, labels }) =>
    mul(noise(covariances!.shape[1]!), gather(sqrt(covariances!), labels)),
  dense: ({ covariances }) => onDiagonal(covariances!),
  marginal: ({ covariances }, indices) => ({ covariances: gather(covariances!, indices, { axis: 1 }) }),
  condition({ covariances }, _observed, hidden, { gpu, shape: [k, n] }) {
    return {
      shift: zeros(gpu, [k!, n!, hidden.size]),
      covariances: { covariances: gather(covariances!, hidden, { axis: 1 }) },
    };
  },
  needsProducts: () => false,
  estimate({ where, sums, divisor, regularization, origin }) {
    const covariance = diagonalOf(sums.products, sums.mean.length).map((value) => value / divisor + regularization);
    checkVariances(where, covariance, { least: (i) => roundingOf(origin, covariance[i]!, i) });
    return { covariances: covariance };
  },
  roots(where, gpu, { covariances }) {
    checkVariances(where, covariances!);
    // as the tensor holds them, so that a file brings the same model back
    return rootsOfVariances(gpu, covariances!.map(Math.fround));
  },
};
