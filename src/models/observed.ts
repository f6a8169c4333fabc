import { eachBatch, gpuOf, type Rows, rowsAtOnce } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { check, LatentError } from "../device/errors.ts";
import { where as select } from "../graph/ops/arithmetic.ts";
import { isFinite, isNaN } from "../graph/ops/elementwise.ts";
import { min, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { LongCall } from "../formats/call.ts";

/** What `missing` may be: NaN stands for an entry that is missing at random. */
export type Missing = "nan";

/** Throws LatentError("argument") unless `missing` is "nan" or not given. */
export function checkMissing(where: string, missing: Missing | undefined): void {
  check(missing === undefined || missing === "nan", "argument", where, () => {
    return `expected missing "nan", or none; got ${String(missing)}.`;
  });
}

/** LongCall of calls that take rows with missing entries. */
export interface MissingCall extends LongCall {
  /** "nan": NaN stands for a missing entry, and a row's density is that of what is observed. */
  readonly missing?: Missing;
}

/**
 * The mean of each feature over the entries that are not NaN: [d]. Throws LatentError("data") on an infinite value, and on a feature that
 * has no value at all.
 */
export async function observedMeans(
  where: string,
  rows: Rows,
  signal: AbortSignal | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const [counts, totals] = [new Float64Array(rows.dim), new Float64Array(rows.dim)];
  await eachBatch(
    rows,
    rowsAtOnce(rows.dim),
    async (x, start) => {
      const gpu = gpuOf(where, x);
      const tensors = gpu.within(() => {
        const missing = isNaN(x);
        return [sum(select(missing, 0, 1), 0), sum(select(missing, 0, x), 0), min(select(missing, 1, isFinite(x)))];
      }) as [Tensor, Tensor, Tensor];
      try {
        await gpu.evaluate(tensors, { signal });
        const [count, total, finite] = await Promise.all(tensors.map((t) => t.read({ signal })));
        if (finite![0] !== 1) {
          const at = (await x.read({ signal })).findIndex(
            (value: number) => Math.abs(value) === Number.POSITIVE_INFINITY,
          );
          const [row, feature] = [start + Math.floor(at / rows.dim), at % rows.dim];
          throw new LatentError(
            "data",
            `${where}: row ${row}, feature ${feature} is infinite. Expected finite numbers, or NaN for what is missing.`,
          );
        }
        for (let j = 0; j < rows.dim; j++) {
          counts[j]! += count![j]!;
          totals[j]! += total![j]!;
        }
      } finally {
        for (const t of tensors) t.dispose();
      }
    },
    signal,
  );
  const none = counts.findIndex((count) => count === 0);
  check(none < 0, "data", where, () => `feature ${none} is missing in every row. Leave it out.`);
  return Float32Array.from(totals, (total, j) => total / counts[j]!);
}

/** The same rows with these values [d] in place of NaN. */
export function filledRows(where: string, rows: Rows, fill: Float32Array<ArrayBuffer>, signal?: AbortSignal): Rows {
  return {
    count: rows.count,
    dim: rows.dim,
    async batch(start, size) {
      const x = await rows.batch(start, size);
      const gpu = gpuOf(where, x);
      const body = () => [select(isNaN(x), gpu.tensor(fill, [fill.length]), x)] as const;
      const [filled] = await stored(gpu, body, signal).finally(() => rows.keeps !== true && x.dispose());
      return filled;
    },
  };
}
