import { add, div, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Statistics } from "./family.ts";

/** x [n, d] − μ [K, d] for all pairs: [K, n, d]. */
export const differences = (x: Tensor, means: Tensor): Tensor =>
  sub(reshape(x, [1, ...x.shape]), reshape(means, [means.shape[0]!, 1, means.shape[1]!]));

/** Σ_j rows[…, j]² of [K, n, d], as [n, K]. */
export const squaredLengths = (rows: Tensor): Tensor => transpose(sum(square(rows), 2));

/** Standard deviations below this part of the mean are rounding of the data. */
const RESOLUTION = 2 ** -22;

/** Variances that are no more than rounding of data of these means. */
export const leastVariance = (means: Tensor): Tensor => add(mul(square(means), RESOLUTION ** 2), 1e-36);

/** The part of the M step that all families share: counts never 0, the weights, the means and what moved them. */
export function updatedMeans(
  { n, first }: Statistics,
  means: Tensor,
): { counts: Tensor; column: Tensor; shift: Tensor; total: Tensor; weights: Tensor; means: Tensor } {
  const counts = add(n, 10 * 2 ** -23);
  const column = reshape(counts, [means.shape[0]!, 1]);
  const shift = div(first, column);
  const total = sum(counts);
  return { counts, column, shift, total, weights: div(counts, total), means: add(means, shift) };
}
