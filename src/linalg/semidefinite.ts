import { count } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { record } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { semidefinite as launch } from "../kernels/semidefinite.ts";

/** A factor l [n, rank] of a symmetric positive semidefinite matrix: a ≈ l·lᵀ. */
export interface SemidefiniteFactor {
  readonly factor: Float64Array;
  readonly rank: number;
  /** The trace that the factor leaves out. */
  readonly residual: number;
}

/**
 * Cholesky factor with diagonal pivoting of a [n, n], in float64 on the CPU; stops where no diagonal entry of what is left
 * exceeds `tolerance` times the largest of a, so that singular matrices and slightly negative ones have a factor, too.
 */
export function semidefiniteFactor(a: Float64Array, n: number, tolerance: number): SemidefiniteFactor {
  const rest = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const limit = tolerance * rest.reduce((most, value) => Math.max(most, value), 0);
  // column k of the factor in row k
  const columns = new Float64Array(n * n);
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = 0;
    for (let i = 1; i < n; i++) if (rest[i]! > rest[pivot]!) pivot = i;
    if (!(rest[pivot]! > limit)) break;
    const root = Math.sqrt(rest[pivot]!);
    const own = columns.subarray(rank * n, rank * n + n);
    own.set(a.subarray(pivot * n, pivot * n + n));
    for (let k = 0; k < rank; k++) {
      const other = columns.subarray(k * n, k * n + n);
      const scale = other[pivot]!;
      if (scale !== 0) for (let i = 0; i < n; i++) own[i] = own[i]! - scale * other[i]!;
    }
    for (let i = 0; i < n; i++) {
      own[i] = rest[i] === -Infinity ? 0 : own[i]! / root;
      if (rest[i] !== -Infinity) rest[i] = rest[i]! - own[i]! ** 2;
    }
    own[pivot] = root;
    rest[pivot] = -Infinity; // used
  }
  const factor = new Float64Array(n * rank);
  for (let i = 0; i < n; i++) for (let k = 0; k < rank; k++) factor[i * rank + k] = columns[k * n + i]!;
  const residual = rest.reduce((sum, value) => sum + (value === -Infinity ? 0 : value), 0);
  return { factor, rank, residual };
}

const semidefiniteOp: KernelOp = {
  name: "semidefinite",
  launch: ([a]) => launch(count(a!.shape.slice(0, -2)), a!.shape.at(-1)!),
};

/**
 * What f32 leaves of a pivot that is zero, over √(its own diagonal entry in a [n, n] · the largest one): n sums of products of two
 * rows, of which the other's may be the larger.
 */
export const roundingOfPivots = (n: number): number => 2 * Math.sqrt(n) * 2 ** -24;

/**
 * The same factors on the GPU in f32, of symmetric positive semidefinite matrices a [..., n, n]:  a ≈ factorᵀ·factor.
 *
 * least: [..., n], what features must be above to be pivots. Returns `factor` [..., n, n] with zeros from row `rank` on, `rank` i32
 * [...], and `rest` [..., n], what the factor leaves out of the diagonal; features that were pivots have a `rest` far below −10³⁰.
 * Without a gradient.
 */
export function semidefiniteRows(a: Tensor, least: Tensor): { factor: Tensor; rest: Tensor; rank: Tensor } {
  const outputs = [
    { shape: a.shape, dtype: "f32" },
    { shape: a.shape.slice(0, -1), dtype: "f32" },
    { shape: a.shape.slice(0, -2), dtype: "i32" },
  ] as const;
  const [factor, rest, rank] = record(semidefiniteOp, [a, least], outputs, {}, null);
  return { factor: factor!, rest: rest!, rank: rank! };
}
