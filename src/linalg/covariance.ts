import { check, checkOptions, show } from "../device/errors.ts";
import { add, div, mul, sub } from "../graph/ops/arithmetic.ts";
import { gram } from "../graph/ops/gram.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { concat, reshape, slice } from "../graph/ops/shape.ts";
import { mean as meanOf, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { swap } from "./matrix.ts";

/** Columns of one block of the product: blocks above the diagonal are not computed. */
const BLOCK = 256;

export interface CovarianceOptions {
  /** Subtracted from the number of rows (from Σ weights) in the divisor; 1. */
  readonly ddof?: number;
  /** [d]: take deviations from here instead of from the rows' own mean. */
  readonly mean?: Tensor;
  /** [n]: how much each row counts. */
  readonly weights?: Tensor;
}

/**
 * Covariance of the columns of x [n, d]:  Σ_i w_i (x_i − m)(x_i − m)ᵀ / (Σ w − ddof). Returns [d, d], exactly symmetric.
 *
 * Rows are centred by a first estimate of the mean before anything is multiplied, and what the estimate missed is taken
 * off afterwards, so that a large offset costs no accuracy. Throws LatentError("shape") unless n > ddof.
 */
export function covariance(x: Tensor, options: CovarianceOptions = {}): Tensor {
  const where = "linalg.covariance";
  checkOptions(where, options, ["ddof", "mean", "weights"]);
  const { ddof = 1, mean, weights } = options;
  check(x.rank === 2, "shape", where, () => `expected rows [n, d]; got ${show(x.shape)}.`);
  const [n, d] = x.shape as [number, number];
  check(n > ddof, "shape", where, () => `too few rows. Expected more than ddof = ${ddof}; got ${n}.`);
  if (mean)
    check(
      mean.rank === 1 && mean.shape[0] === d,
      "shape",
      where,
      () => `expected a mean [${d}]; got ${show(mean.shape)}.`,
    );
  if (weights)
    check(
      weights.rank === 1 && weights.shape[0] === n,
      "shape",
      where,
      () => `expected weights [${n}]; got ${show(weights.shape)}.`,
    );
  const share = weights && reshape(weights, [n, 1]);
  const total = weights ? sum(weights) : n;
  const origin = mean ?? meanOf(x, 0);
  const products = scatter(x, origin, share);
  const divisor = weights ? sub(total as Tensor, ddof) : n - ddof;
  if (mean) return div(products, divisor);
  const off = deviation(x, origin, share);
  const missed = mul(reshape(off, [d, 1]), reshape(off, [1, d]));
  return div(sub(products, div(missed, total)), divisor);
}

/** Σ_i w_i (x_i − m), which is small where m is near the mean. [d] */
export function deviation(x: Tensor, origin: Tensor, share?: Tensor): Tensor {
  const centred = sub(x, origin);
  return sum(share ? mul(centred, share) : centred, 0);
}

/** Σ_i w_i (x_i − m)(x_i − m)ᵀ, [d, d], of which half is computed. x: [n, d], origin: [d], share: [n, 1]. */
export function scatter(x: Tensor, origin: Tensor, share?: Tensor): Tensor {
  // the kernels that are fast there know no halves
  if (x.gpu.traits.software) return scatterByBlocks(x, origin, share);
  const centred = sub(x, origin);
  return gram(share ? mul(centred, share) : centred, centred);
}

/** The same, block by block of the lower triangle. */
function scatterByBlocks(x: Tensor, origin: Tensor, share?: Tensor): Tensor {
  const d = x.shape[1]!;
  const count = Math.ceil(d / BLOCK);
  const size = Math.ceil(d / count);
  const edges = Array.from({ length: count + 1 }, (_, b) => Math.min(d, b * size));
  const cut = (t: Tensor, axis: number, b: number) => slice(t, axis, edges[b]!, edges[b + 1]!);
  const columns = edges.slice(1).map((_, b) => sub(cut(x, 1, b), cut(origin, 0, b)));
  const weighted = share ? columns.map((c) => mul(c, share)) : columns;
  const below = columns.map((_, i) =>
    columns.slice(0, i + 1).map((__, j) => product(weighted[i]!, columns[j]!, i === j && share !== undefined)),
  );
  const rows = columns.map((_, i) =>
    concat(
      columns.map((__, j) => (j <= i ? below[i]![j]! : swap(below[j]![i]!))),
      1,
    ),
  );
  return concat(rows, 0);
}

/** aᵀ·b; made symmetric where rounding of weights may have spoilt it. */
function product(a: Tensor, b: Tensor, even: boolean): Tensor {
  const c = matmul(swap(a), b);
  return even ? mul(add(c, swap(c)), 0.5) : c;
}
