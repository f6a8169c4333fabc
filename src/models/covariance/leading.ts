import type { Rows } from "../../data/rows.ts";
import type { CentredSums } from "../../linalg/centredSums.ts";
import { leadingEigenpairs } from "../../linalg/krylov.ts";
import { eigenpairs } from "../../linalg/tridiagonal.ts";

/** Up to so many features all eigenvalues are found, in float64; beyond, the leading ones by passes over the rows. */
export const MOST_FEATURES_DENSE = 1024;

/** The `rank` largest eigenvalues of the covariance, descending, and their vectors [rank, d]. */
export async function leading({
  where,
  sums,
  divisor,
  rank,
  rows,
  signal,
  weights,
}: {
  readonly where: string;
  readonly sums: CentredSums;
  readonly divisor: number;
  readonly rank: number;
  readonly rows: Rows | null;
  readonly signal: AbortSignal | undefined;
  readonly weights?: Float32Array<ArrayBuffer> | undefined;
}): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const d = sums.mean.length;
  if (rows && sums.products.length === d && d > 1)
    return leadingEigenpairs(where, rows, sums.mean, divisor, rank, signal, weights);
  const { values, vectors } = eigenpairs(
    sums.products.map((value) => value / divisor),
    d,
  );
  const found = { values: new Float64Array(rank), vectors: new Float64Array(rank * d) };
  for (let k = 0; k < rank; k++) {
    const from = d - 1 - k;
    found.values[k] = values[from]!;
    found.vectors.set(vectors.subarray(from * d, from * d + d), k * d);
  }
  return found;
}
