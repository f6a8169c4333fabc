import { isNaN } from "../../graph/ops/elementwise.ts";
import { add, mul, where } from "../../graph/ops/arithmetic.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { gpuOf, inParts, tensorRows } from "../../data/rows.ts";
import type { CovarianceFamily, Tensors } from "./family.ts";

/** Elements that one step may hold, and rows at most. */
const ELEMENTS = 2 ** 23;
const MOST_ROWS = 16384;

/** Rows of one step. Matrices keep the differences from all means at once. */
export function rowsOfStep(family: CovarianceFamily, components: number, dim: number): number {
  const perRow = dim * (family.keepsDifferences ? components : 1);
  return Math.max(64, Math.min(MOST_ROWS, Math.floor(ELEMENTS / perRow / 64) * 64));
}

/** The same where entries are missing: each row then has matrices of its own, of features or, with loadings, of `rank` directions. */
export function incompleteRowsOfStep(family: CovarianceFamily, components: number, dim: number, rank: number): number {
  const isDiagonal = family.kind === "diag" || family.kind === "spherical";
  const ofMatrices = family.ranked ? 2 * dim + 4 * rank ** 2 : 4 * dim * dim;
  const perRow = components * (isDiagonal ? 2 * dim : ofMatrices);
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(ELEMENTS / perRow)));
}

/** Components: log weights [K], means [K, d], covariances. */
export interface Components {
  readonly logWeights: Tensor;
  readonly means: Tensor;
  readonly covariances: Tensors;
}

/** `of` applied to the rows of x, as many at a time as one step holds, and put together. */
export function inSteps(
  where: string,
  x: Tensor,
  family: CovarianceFamily,
  { means, covariances }: { readonly means: Tensor; readonly covariances: Tensors },
  isIncomplete: boolean,
  of: (rows: Tensor) => Tensor,
): Tensor {
  const [k, d] = means.shape as [number, number];
  const { count } = tensorRows(where, x, d);
  const rank = covariances["loadings"]?.shape[2] ?? 0;
  const size = isIncomplete ? incompleteRowsOfStep(family, k, d, rank) : rowsOfStep(family, k, d);
  return gpuOf(where, x).within(() => inParts(reshape(x, [count, d]), size, of));
}

/** log π_k + log N of what rows x [n, d] hold beside NaN: [n, K]. */
export function incompleteJoint(family: CovarianceFamily, x: Tensor, { logWeights, ...state }: Components): Tensor {
  return add(mul(family.incomplete(x, { ...state, whitening: {} }).squares, -0.5), logWeights);
}

/** Rows x [n, d] with their expectation in place of NaN, Σ_k r_k E_k; responsibilities of the joint densities [n, K]. */
export function imputed(
  family: CovarianceFamily,
  x: Tensor,
  { logWeights, ...state }: Components,
  responsibilities: (joint: Tensor) => Tensor,
): Tensor {
  const { squares, centred } = family.incomplete(x, { ...state, whitening: {} });
  const r = responsibilities(add(mul(squares, -0.5), logWeights));
  const [k, d] = state.means.shape as [number, number];
  const own = reshape(transpose(r), [k, x.shape[0]!, 1]);
  const expected = sum(mul(own, add(centred, reshape(state.means, [k, 1, d]))), 0);
  return where(isNaN(x), expected, x);
}
