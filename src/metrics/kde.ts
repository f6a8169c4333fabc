import { gpuOfRows, type Rows } from "../data/rows.ts";
import type { LongCall } from "../formats/call.ts";
import { equal, where as select } from "../graph/ops/arithmetic.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { logsumexp } from "../graph/ops/softmax.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type DensityKernel, kernelValues, logNormaliser } from "../models/kernelDensity/kernels.ts";
import { eachPair } from "./pairs.ts";

/**
 * log p̂(x_j) of a density estimate with a kernel at each sample, in nats, one array for each bandwidth:
 *
 *     log p̂(x) = log Σ_i K(|x − s_i| / h) − log N + log c_h
 *
 * Distances come once for all bandwidths; each block's row is one logsumexp on the GPU, and blocks are added up in float64. Any N × M, in blocks.
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
    // each row of x in a row of the block, whose terms lie side by side
    const blocks = await eachPair(
      x,
      samples,
      (squares, i, j) => {
        const [r, c] = squares.shape as [number, number];
        const same =
          others && i === j
            ? equal(reshape(arange(squares.gpu, r), [r, 1]), reshape(arange(squares.gpu, c), [1, c]))
            : null;
        return bandwidths.map((_, at) => terms(squares, slice(widths, 0, at, at + 1), kernel, same));
      },
      { ...long, where },
    );
    return bandwidths.map((h, at) => {
      const [tops, sums] = [new Float64Array(x.count).fill(-Infinity), new Float64Array(x.count)];
      for (const { i, found } of blocks)
        for (const [r, part] of found[at]!.entries()) {
          const value = endless.has(kernel) ? part : Math.log(part);
          if (!(value > -Infinity)) continue;
          const top = Math.max(tops[i + r]!, value);
          sums[i + r] = sums[i + r]! * Math.exp(tops[i + r]! - top) + Math.exp(value - top);
          tops[i + r] = top;
        }
      const constant = logNormaliser(kernel, h, x.dim) - Math.log(samples.count - Number(others));
      return sums.map((value, i) => (value > 0 ? tops[i]! + Math.log(value) + constant : -Infinity));
    });
  } finally {
    widths.dispose();
  }
}

/** Kernels that never end, whose heights may be too small for f32. */
const endless: ReadonlySet<DensityKernel> = new Set(["gaussian", "exponential"]);

/** The sum of each row's terms; its log where the kernel never ends. */
function terms(squares: Tensor, h: Tensor, kernel: DensityKernel, same: Tensor | null): Tensor {
  const { logs, heights } = kernelValues(squares, h, kernel);
  return logs
    ? logsumexp(same ? select(same, -1e30, logs) : logs, 1)
    : sum(same ? select(same, 0, heights!) : heights!, 1);
}
