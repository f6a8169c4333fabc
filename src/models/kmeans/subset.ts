import { eachBatch, type Rows } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import { gather } from "../../graph/ops/gather.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../program/gpu.ts";
import { randomOrder } from "./seeding.ts";

/** Rows that starting centres are looked for among, at most: as many as this, or 32 for each centre. */
export const SAMPLE = 4096;

/** Rows that starting centres are looked for among, [n, d], and their weights. */
export interface StartingRows {
  readonly x: Tensor;
  readonly weights?: Float32Array<ArrayBuffer> | undefined;
}

/** Rows drawn without replacement, in their order. Those of weight 0 only where there are no others. */
export async function subsetOf(
  gpu: Gpu,
  rows: Rows,
  {
    centres,
    batch,
    seed,
    weights,
  }: { centres: number; batch: number; seed: number; weights?: Float32Array | undefined },
  signal?: AbortSignal,
): Promise<StartingRows> {
  const size = Math.min(rows.count, Math.max(SAMPLE, 32 * centres));
  const chosen = randomOrder(rows.count, { seed, stream: streamOf("mixture subset") }, weights)
    .slice(0, size)
    .sort();
  const values = new Float32Array(size * rows.dim);
  let at = 0;
  await eachBatch(
    rows,
    batch,
    async (x, start) => {
      const here = chosen.subarray(at).findIndex((row) => row >= start + x.shape[0]!);
      const end = here < 0 ? size : at + here;
      if (end === at) return;
      const numbers = chosen.slice(at, end).map((row) => row - start);
      const picked = gpu.within(() => gather(x, gpu.tensor(numbers, [end - at])));
      values.set((await picked.read({ signal }).finally(() => picked.dispose())) as Float32Array, at * rows.dim);
      at = end;
    },
    signal,
  );
  const own = weights && Float32Array.from(chosen, (row) => weights[row]!);
  return { x: gpu.tensor(values, [size, rows.dim]), weights: own };
}
