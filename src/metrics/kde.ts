import { gpuOf, gpuOfRows, type Rows } from "../data/rows.ts";
import type { LongCall } from "../formats/call.ts";
import { div, equal, less, maximum, mul, sqrt, sub, where as select } from "../graph/ops/arithmetic.ts";
import { cos, exp } from "../graph/ops/elementwise.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { max, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { eachPair } from "./pairs.ts";
import { logGamma } from "./statistics.ts";

/** Kernels of density estimates, by scikit-learn's names. */
export const KERNELS = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"] as const;
/** One of them. */
export type DensityKernel = (typeof KERNELS)[number];

/** log of the volume of the unit ball, and of the surface of the unit sphere, in d dimensions. */
const logBall = (d: number): number => (d / 2) * Math.log(Math.PI) - logGamma(d / 2 + 1);
const logSphere = (d: number): number => Math.log(2) + (d / 2) * Math.log(Math.PI) - logGamma(d / 2);

/** log of the constant that makes a kernel of bandwidth h a density in d dimensions. */
export function logNormaliser(kernel: DensityKernel, h: number, d: number): number {
  const scale = -d * Math.log(h);
  if (kernel === "gaussian") return -0.5 * d * Math.log(2 * Math.PI) + scale;
  if (kernel === "tophat") return -logBall(d) + scale;
  if (kernel === "epanechnikov") return -(logBall(d) + Math.log(2 / (d + 2))) + scale;
  if (kernel === "exponential") return -(logSphere(d) + logGamma(d)) + scale;
  if (kernel === "linear") return -(logBall(d) - Math.log(d + 1)) + scale;
  // ∫ r^{d−1} cos(πr/2) dr by parts; in logs, since single terms leave float64 where d is large
  let [total, term] = [0, 2 / Math.PI];
  for (let k = 1; k <= d; k += 2) {
    total += term;
    term *= -(d - k) * (d - k - 1) * (2 / Math.PI) ** 2;
  }
  return -(Math.log(total) + logSphere(d)) + scale;
}

/**
 * log p̂(x_j) of a density estimate with a kernel at each sample, in nats, one array for each bandwidth:
 *
 *     log p̂(x) = log Σ_i K(|x − s_i| / h) − log N + log c_h
 *
 * Distances come once for all bandwidths; sums are taken after the largest term of a block on the GPU, and joined in float64. Any N × M, in blocks.
 * `others`: x is the samples, and none counts for itself.
 */
export async function logDensities(
  where: string,
  samples: Rows,
  x: Rows,
  { kernel, bandwidths, others = false }: { kernel: DensityKernel; bandwidths: readonly number[]; others?: boolean },
  long: LongCall = {},
): Promise<Float64Array[]> {
  const widths = (await gpuOfRows(where, samples)).tensor([...bandwidths]);
  try {
    const blocks = await eachPair(
      samples,
      x,
      (squares, i, j) => {
        const [r, c] = squares.shape as [number, number];
        const same =
          others && i === j
            ? equal(reshape(arange(squares.gpu, r), [r, 1]), reshape(arange(squares.gpu, c), [1, c]))
            : null;
        return bandwidths.flatMap((_, at) => terms(squares, slice(widths, 0, at, at + 1), kernel, same));
      },
      { ...long, where },
    );
    return bandwidths.map((h, at) => {
      const [tops, sums] = [new Float64Array(x.count).fill(-Infinity), new Float64Array(x.count)];
      for (const { j, found } of blocks)
        for (const [c, value] of found[2 * at]!.entries()) {
          const part = found[2 * at + 1]![c]!;
          if (!(part > 0)) continue;
          const top = Math.max(tops[j + c]!, value);
          sums[j + c] = sums[j + c]! * Math.exp(tops[j + c]! - top) + part * Math.exp(value - top);
          tops[j + c] = top;
        }
      const constant = logNormaliser(kernel, h, x.dim) - Math.log(samples.count - Number(others));
      return sums.map((value, i) => (value > 0 ? tops[i]! + Math.log(value) + constant : -Infinity));
    });
  } finally {
    widths.dispose();
  }
}

/** The largest log-term of each column, and the sum of the terms over it. */
function terms(squares: Tensor, h: Tensor, kernel: DensityKernel, same: Tensor | null): [Tensor, Tensor] {
  const u = kernel === "gaussian" || kernel === "epanechnikov" ? null : div(sqrt(squares), h);
  const ratio = div(squares, mul(h, h));
  if (kernel === "gaussian" || kernel === "exponential") {
    const logs = kernel === "gaussian" ? mul(ratio, -0.5) : mul(u!, -1);
    const others = same ? select(same, -1e30, logs) : logs;
    const top = max(others, 0);
    return [top, sum(exp(sub(others, reshape(top, [1, top.size]))), 0)];
  }
  const inside = kernel === "epanechnikov" ? less(ratio, 1) : less(u!, 1);
  const height =
    kernel === "epanechnikov"
      ? maximum(sub(1, ratio), 0)
      : kernel === "linear"
        ? sub(1, u!)
        : kernel === "cosine"
          ? cos(mul(u!, Math.PI / 2))
          : gpuOf("parzen", squares).ones(squares.shape);
  const values = select(inside, height, 0);
  const total = sum(same ? select(same, 0, values) : values, 0);
  return [mul(total, 0), total];
}
