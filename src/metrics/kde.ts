import { gpuOfRows, type Rows } from "../data/rows.ts";
import type { LongCall } from "../formats/call.ts";
import { equal, mul, sub, where as select } from "../graph/ops/arithmetic.ts";
import { exp } from "../graph/ops/elementwise.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { max, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type DensityKernel, kernelValues, logNormaliser } from "../models/kernelDensity/kernels.ts";
import { eachPair } from "./pairs.ts";

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
  const { logs, heights } = kernelValues(squares, h, kernel);
  if (logs) {
    const others = same ? select(same, -1e30, logs) : logs;
    const top = max(others, 0);
    return [top, sum(exp(sub(others, reshape(top, [1, top.size]))), 0)];
  }
  const total = sum(same ? select(same, 0, heights!) : heights!, 0);
  return [mul(total, 0), total];
}
