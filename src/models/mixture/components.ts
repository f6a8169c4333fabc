import { add, greater, greaterEqual, mul, sub, where } from "../../graph/ops/arithmetic.ts";
import { exp, log } from "../../graph/ops/elementwise.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { min } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { along, ones } from "../../linalg/matrix.ts";
import type { CovarianceFamily, EmState, Maximised, Tensors } from "../covariance/family.ts";

/** What densities need of the parameters, worked out once. */
export interface Prepared {
  /** log π_k − ½ (log |Σ_k| + d log 2π): [K] */
  readonly offsets: Tensor;
  /** Of the family. */
  readonly whitening: Tensors;
  /** −1 each, or the pivot or feature at which a covariance is singular: [K], tied [1]. */
  readonly failed: Tensor;
}

const LOG_TWO_PI = Math.log(2 * Math.PI);
const NONE = 1e9;

/** What densities need of the parameters. */
export function prepare(family: CovarianceFamily, { weights, means, covariances }: Maximised): Prepared {
  const d = means.shape[1]!;
  const { logDet, failed, tensors } = family.whitening(covariances, means);
  return {
    offsets: sub(log(weights), mul(add(logDet, d * LOG_TWO_PI), 0.5)),
    whitening: tensors,
    failed,
  };
}

/** log π_k + log N(x_i; μ_k, Σ_k): [n, K]. */
export const logJoint = (family: CovarianceFamily, x: Tensor, state: EmState & { readonly offsets: Tensor }): Tensor =>
  add(mul(family.squaredDistances(x, state), -0.5), state.offsets);

/** Per row: log p(x) [n], and the responsibility of each component [n, K]. */
export function expected(joint: Tensor): { logProb: Tensor; responsibilities: Tensor } {
  const logProb = logsumexp(joint, 1);
  return { logProb, responsibilities: exp(sub(joint, reshape(logProb, [logProb.size, 1]))) };
}

/** 1 for the nearest of the centres, the first of several: [n, K]. */
export function nearest(x: Tensor, centres: Tensor): { responsibilities: Tensor; squares: Tensor } {
  const all = distances(x, centres, ones(x.gpu, centres.shape));
  const [n, k] = all.shape as [number, number];
  const least = min(all, 1, { keepDims: true });
  const index = along(x.gpu, [n, k]);
  const label = min(where(greater(all, least), NONE, index), 1, { keepDims: true });
  return { responsibilities: sub(1, where(sub(index, label), 1, 0)), squares: reshape(least, [n]) };
}

/** 0, 1, … count − 1 as f32. */
export const positions = (gpu: Tensor["gpu"], count: number): Tensor => reshape(along(gpu, [1, count]), [count]);

/** The index of the first value that is ≥ 0; beyond all where there is none. */
export function indexOfFirst(values: Tensor): Tensor {
  const n = values.shape[0]!;
  return min(where(greaterEqual(values, 0), positions(values.gpu, n), n));
}
