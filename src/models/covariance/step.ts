import { isNaN } from "../../graph/ops/elementwise.ts";
import { add, mul, where } from "../../graph/ops/arithmetic.ts";
import { concat } from "../../graph/ops/part.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { gpuOf, rowsOf } from "../../data/rows.ts";
import type { CovarianceFamily, Tensors } from "./family.ts";

/** Elements that one step may hold, and rows at most. */
const ELEMENTS = 2 ** 23;
const MOST_ROWS = 16384;

/**
 * Rows of one step: matrices keep every component's differences at once. With missing entries (`missing`: the rank of loadings, or 0) every row has
 * matrices of its own as well.
 */
export function rowsOfStep(family: CovarianceFamily, components: number, dim: number, missing?: number): number {
  const ofMatrices = family.ranked ? 2 * dim + 4 * (missing ?? 0) ** 2 : 4 * dim * dim;
  const isDiagonal = family.kind === "diag" || family.kind === "spherical";
  if (missing !== undefined) {
    const perRow = components * (isDiagonal ? 2 * dim : ofMatrices);
    return Math.max(1, Math.min(MOST_ROWS, Math.floor(ELEMENTS / perRow)));
  }
  const perRow = dim * (family.keepsDifferences ? components : 1);
  return Math.max(64, Math.min(MOST_ROWS, Math.floor(ELEMENTS / perRow / 64) * 64));
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
  const { count } = rowsOf(where, x, d);
  const rank = covariances["loadings"]?.shape[2] ?? 0;
  const size = rowsOfStep(family, k, d, isIncomplete ? rank : undefined);
  return gpuOf(where, x).within(() => {
    const rows = reshape(x, [count, d]);
    const parts: Tensor[] = [];
    for (let start = 0; start < count; start += size)
      parts.push(of(slice(rows, 0, start, Math.min(count, start + size))));
    return parts.length === 1 ? parts[0]! : concat(parts, 0);
  });
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
