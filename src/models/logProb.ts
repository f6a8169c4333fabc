import type { Tensor } from "../graph/tensor.ts";
import { eachBatch, gpuOf, type Rows, rowsAtOnce, throwNotFinite } from "../data/rows.ts";
import { type LongCall, progressOf } from "../formats/call.ts";
import { totalOf } from "./weights.ts";

/** Mean of `logProb` over all rows, weighted where there are weights [n]: per sample on the GPU, added in float64 on the CPU. Throws LatentError("data") on a row that is not finite. */
export async function meanLogProb(
  where: string,
  logProb: (x: Tensor) => Tensor,
  rows: Rows,
  copies: number,
  { signal, onProgress }: LongCall,
  weights?: Float32Array,
): Promise<number> {
  let total = 0;
  const began = performance.now();
  const size = rowsAtOnce(rows.dim, copies);
  await eachBatch(
    rows,
    size,
    async (batch, start) => {
      const values = gpuOf(where, batch).within(() => logProb(batch));
      const read = (await values.read({ signal }).finally(() => values.dispose())) as Float32Array;
      // rows of weight 0 may have any density
      const counted = (value: number, i: number) => (weights![start + i] ? weights![start + i]! * value : 0);
      let part = 0;
      for (const [i, value] of read.entries()) part += weights ? counted(value, i) : value;
      if (!Number.isFinite(part) && (await batch.read({ signal })).some((value: number) => !Number.isFinite(value)))
        await throwNotFinite(where, batch, start);
      total += part;
      onProgress?.(progressOf(began, Math.min(rows.count, start + size), rows.count));
    },
    signal,
  );
  return total / (weights ? totalOf(weights) : rows.count);
}
