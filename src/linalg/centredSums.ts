import { checkFinite, eachBatch, gpuOf, type Rows, rowsAtOnce, throwNotFinite } from "../data/rows.ts";
import { check, LatentError } from "../device/errors.ts";
import { type LongCall, progressOf } from "../formats/call.ts";
import type { Tensor } from "../graph/tensor.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import type { Gpu } from "../program/gpu.ts";
import { GpuSums } from "./gpuSums.ts";

/** Count, mean and centred products of samples, in float64. */
export interface CentredSums {
  count: number;
  readonly mean: Float64Array;
  /** Σ (x − mean)(x − mean)ᵀ row-major [d, d], or its diagonal [d]. */
  readonly products: Float64Array;
  /** The products were taken in float64. */
  exact?: boolean;
  /** Where the last of the samples came from. */
  gpu?: Gpu | undefined;
}

/** Adds `part` to `sums`, both centred on their own means (Chan, Golub & LeVeque 1979). */
export function mergeSums(sums: CentredSums, part: CentredSums): void {
  const d = sums.mean.length;
  const total = sums.count + part.count;
  if (part.count === 0) return;
  sums.gpu = part.gpu ?? sums.gpu;
  const gap = Float64Array.from(part.mean, (value, j) => value - sums.mean[j]!);
  const factor = (sums.count * part.count) / total;
  const full = sums.products.length === d * d;
  for (let i = 0; i < d; i++) {
    if (!full) sums.products[i] = sums.products[i]! + part.products[i]! + factor * gap[i]! ** 2;
    else
      for (let j = 0; j < d; j++)
        sums.products[i * d + j] = sums.products[i * d + j]! + part.products[i * d + j]! + factor * gap[i]! * gap[j]!;
  }
  for (let j = 0; j < d; j++) sums.mean[j] = sums.mean[j]! + (gap[j]! * part.count) / total;
  sums.count = total;
}

export const empty = (dim: number, full: boolean): CentredSums => ({
  count: 0,
  mean: new Float64Array(dim),
  products: new Float64Array(full ? dim * dim : dim),
});

/** Whether the products of so many features are taken in float64 on the CPU: there are no more of them than numbers to read. */
export const isExact = (gpu: Gpu, dim: number): boolean => dim <= defaultsFor(gpu.traits).linalg.products;

/**
 * Sums over all rows. Products of many features are added up on the GPU (GpuSums) and read once; those of few, or `exact` ones, are taken
 * in float64 on the CPU, batch by batch. Throws LatentError: "data" naming the first row and feature that is no finite number, "numeric"
 * where values lie further apart than f32 reaches.
 */
export async function centredSums(
  where: string,
  rows: Rows,
  full: boolean,
  { signal, onProgress, batch: size = rowsAtOnce(rows.dim) }: LongCall & { readonly batch?: number } = {},
  exact?: boolean,
): Promise<CentredSums> {
  const sums = empty(rows.dim, full);
  const began = performance.now();
  let gpuSums: GpuSums | undefined;
  try {
    await eachBatch(
      rows,
      size,
      async (batch, start) => {
        sums.exact = exact ?? isExact(gpuOf(where, batch), rows.dim);
        if (sums.exact) mergeSums(sums, await exactSums(where, batch, start, full));
        else await (gpuSums ??= new GpuSums(gpuOf(where, batch), rows.dim, full)).add(batch);
        onProgress?.(progressOf(began, Math.min(rows.count, start + size), rows.count));
      },
      signal,
    );
    if (gpuSums) mergeSums(sums, await readSums(where, gpuSums, () => checkFinite(where, rows, signal)));
    return sums;
  } finally {
    gpuSums?.dispose();
  }
}

/** What a GPU added up. `name` names the value that is not finite, where one can be found again. */
export async function readSums(where: string, gpuSums: GpuSums, name: () => Promise<void>): Promise<CentredSums> {
  const { sums, largest, finite } = await gpuSums.read();
  if (!finite) {
    await name();
    throw new LatentError(
      "data",
      `${where}: a value is not finite. Expected finite numbers. Remove or replace such rows.`,
    );
  }
  const wide = largest.findIndex((size) => !Number.isFinite(size));
  check(wide < 0, "numeric", where, () => {
    return `the values of feature ${wide} lie further apart than f32 reaches. Scale the data.`;
  });
  return sums;
}

/** The sums of one batch in float64. */
export async function exactSums(where: string, batch: Tensor, start: number, full: boolean): Promise<CentredSums> {
  const sums = exactRows(await batch.read(), batch.shape[1]!, full);
  if (!sums.mean.every(Number.isFinite)) await throwNotFinite(where, batch, start);
  sums.gpu = gpuOf(where, batch);
  return sums;
}

/** Sums of rows [n, d] in float64: two passes, so that nothing is rounded to f32. */
export function exactRows(values: ArrayLike<number>, d: number, full = true): CentredSums {
  const count = values.length / d;
  const mean = new Float64Array(d);
  for (let at = 0; at < values.length; at++) mean[at % d]! += values[at]!;
  for (let j = 0; j < d; j++) mean[j]! /= count;
  const products = new Float64Array(full ? d * d : d);
  // four rows at a time, zeros past the last: each product is loaded and stored once for them
  const means = new Float64Array(4 * d);
  for (let k = 0; k < 4; k++) means.set(mean, k * d);
  const rows = new Float64Array(4 * d);
  for (let start = 0; start < values.length; start += rows.length) {
    for (let k = 0; k < rows.length; k++) rows[k] = start + k < values.length ? values[start + k]! - means[k]! : 0;
    for (let i = 0; i < d; i++) {
      const a = rows[i]!;
      const b = rows[d + i]!;
      const c = rows[2 * d + i]!;
      const e = rows[3 * d + i]!;
      if (!full) products[i]! += a * a + b * b + c * c + e * e;
      else
        for (let j = 0; j <= i; j++)
          products[i * d + j]! += a * rows[j]! + b * rows[d + j]! + c * rows[2 * d + j]! + e * rows[3 * d + j]!;
    }
  }
  if (full) for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) products[j * d + i] = products[i * d + j]!;
  return { count, mean, products };
}
