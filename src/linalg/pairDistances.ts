import type { KernelOp } from "../graph/kernelOp.ts";
import { add, mul, square, sub } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { expand, reshape, transpose } from "../graph/ops/shape.ts";
import { mean, sum } from "../graph/ops/sum.ts";
import { recordOne } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { nearPairs as launch } from "../kernels/nearPairs.ts";
import type { Gpu } from "../program/gpu.ts";
import { distances } from "./clusters.ts";

/** Fewer features or rows than these are not worth a product. */
const MIN_FEATURES = 32;
const MIN_ROWS = 64;

const nearPairsOp: KernelOp = {
  name: "nearPairs",
  launch: ([, a, b], _outputs, { relative }) =>
    launch({ rows: a!.shape[0]!, others: b!.shape[0]!, columns: a!.shape[1]!, relative: relative === true }),
};

/** Squared distances of all pairs of rows of two blocks. */
export interface PairDistances {
  /** |aᵢ − bⱼ|², [n, m], each right to 4·ε of itself, ε as in shaders/near_pairs.wgsl. */
  readonly squares: Tensor;
  /** What none of them is above, [n, m]. */
  readonly atMost: Tensor;
  /**
   * The same, those up to `limit` [n, 1] being sums of squared differences: one number for a pair of rows, in whichever block it is,
   * exact for whole numbers. All others lie above their limit for certain.
   */
  readonly exact: (limit: Tensor) => Tensor;
}

/** ε of shaders/near_pairs.wgsl. */
const errorOf = (d: number): number => (4 * Math.min(d, 1028) + 8) * 2 ** -24;

/**
 * Squared distances by products, |a − c|² + |b − c|² − 2 (a − c)·(b − c) with c the mean of a, and again by differences where they would lose digits:
 * products are off by ε·(|a − c|² + |b − c|²) at most, so pairs from a quarter of that sum on are right
 * to 4·ε, and nearer ones are taken anew. a [n, d], b [m, d].
 */
export function pairDistances(gpu: Gpu, a: Tensor, b: Tensor): PairDistances {
  const [n, d] = a.shape as [number, number];
  const m = b.shape[0]!;
  if (d < MIN_FEATURES) {
    const squares = distances(a, b, gpu.ones(b.shape));
    return { squares, atMost: squares, exact: () => squares };
  }
  const again = (q: Tensor, s: Tensor, t: Tensor, limit: Tensor, relative: boolean): Tensor =>
    recordOne(nearPairsOp, [q, a, b, s, t, limit], { shape: [n, m], dtype: "f32" }, { relative }, null);
  if (Math.min(n, m) < MIN_ROWS) {
    // nothing is known beforehand, so all pairs count as near
    const zeros = gpu.zeros([1]);
    const [s, t] = [expand(zeros, [n, 1]), expand(zeros, [m])];
    const squares = again(expand(zeros, [n, m]), s, t, s, false);
    return { squares, atMost: squares, exact: () => squares };
  }
  const centre = mean(a, 0, { keepDims: true });
  const [left, right] = [sub(a, centre), sub(b, centre)];
  const [s, t] = [sum(square(left), 1, { keepDims: true }), sum(square(right), 1)];
  const sums = add(s, reshape(t, [1, m]));
  const q = sub(sums, mul(matmul(left, transpose(right)), 2));
  return {
    squares: again(q, s, t, mul(s, 0), true),
    atMost: add(q, mul(sums, errorOf(d))),
    exact: (limit) => again(q, s, t, limit, false),
  };
}
