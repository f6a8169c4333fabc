import type { Tensor } from "../graph/tensor.ts";
import { eachBatch, gpuOf, type Rows, rowsAtOnce, throwNotFinite } from "../data/rows.ts";
import { type LongCall, progressOf } from "../formats/call.ts";

/** Mean of `logProb` over all rows: per sample on the GPU, added in float64 on the CPU. Throws LatentError("data") on a row that is not finite. */
export async function meanLogProb(
  where: string,
  logProb: (x: Tensor) => Tensor,
  rows: Rows,
  copies: number,
  { signal, onProgress }: LongCall,
): Promise<number> {
  let total = 0;
  const began = performance.now();
  const size = rowsAtOnce(rows.dim, copies);
  await eachBatch(
    rows,
    size,
    async (batch, start) => {
      const values = gpuOf(where, batch).within(() => logProb(batch));
      const read = await values.read().finally(() => values.dispose());
      const part = (read as Float32Array).reduce((sum, value) => sum + value, 0);
      if (!Number.isFinite(part) && (await batch.read()).some((value: number) => !Number.isFinite(value)))
        await throwNotFinite(where, batch, start);
      total += part;
      onProgress?.(progressOf(began, Math.min(rows.count, start + size), rows.count));
    },
    signal,
  );
  return total / rows.count;
}
