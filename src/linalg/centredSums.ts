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

/** Features up to which products are taken in float64 on any device. */
export const ALWAYS_EXACT = 32;

/** Rows that are read at once where the CPU takes their products: 1 MiB. */
const batchOf = (dim: number): number => (dim > ALWAYS_EXACT ? rowsAtOnce(dim) : Math.ceil(2 ** 18 / dim));

/**
 * Sums over all rows; with `weights` a row of weight 2 counts as two, and count is their sum. Products of many features are added up on the GPU (GpuSums) and read once; those of few, or `exact` ones, are taken
 * in float64 on the CPU, batch by batch. Throws LatentError: "data" naming the first row and feature that is no finite number, "numeric"
 * where values lie further apart than f32 reaches.
 */
export async function centredSums(
  where: string,
  rows: Rows,
  full: boolean,
  {
    signal,
    onProgress,
    batch: size = batchOf(rows.dim),
    weights,
  }: LongCall & { readonly batch?: number; readonly weights?: Float32Array<ArrayBuffer> | undefined } = {},
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
        const own = weights?.slice(start, start + batch.shape[0]!);
        if (sums.exact) mergeSums(sums, await exactSums(where, batch, start, full, own, signal));
        else await (gpuSums ??= new GpuSums(gpuOf(where, batch), rows.dim, full)).add(batch, own, signal);
        onProgress?.(progressOf(began, Math.min(rows.count, start + size), rows.count));
      },
      signal,
    );
    if (gpuSums) mergeSums(sums, await readSums(where, gpuSums, () => checkFinite(where, rows, signal), signal));
    return sums;
  } finally {
    gpuSums?.dispose();
  }
}

/** What a GPU added up. `name` names the value that is not finite, where one can be found again. */
export async function readSums(
  where: string,
  gpuSums: GpuSums,
  name: () => Promise<void>,
  signal?: AbortSignal,
): Promise<CentredSums> {
  const { sums, largest, finite } = await gpuSums.read(signal);
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
export async function exactSums(
  where: string,
  batch: Tensor,
  start: number,
  full: boolean,
  weights?: Float32Array,
  signal?: AbortSignal,
): Promise<CentredSums> {
  const sums = exactRows((await batch.read({ signal })) as Float32Array, batch.shape[1]!, full, weights);
  if (!sums.mean.every(Number.isFinite)) await throwNotFinite(where, batch, start);
  sums.gpu = gpuOf(where, batch);
  return sums;
}

type Reals = Float32Array | Float64Array;

/** Rows that stand in columns at a time: few enough for the CPU's nearest cache. */
const ROWS = 128;

/**
 * Sums of rows [n, d] in float64: two passes, so that nothing is rounded to f32. The loops are small functions, which V8 has compiled
 * after the first few blocks, also where a program fits once.
 */
export function exactRows(values: Reals, d: number, full = true, weights?: Float32Array): CentredSums {
  const count = weights ? weights.reduce((a, b) => a + b, 0) : values.length / d;
  const mean = new Float64Array(d);
  if (count > 0) for (let j = 0; j < d; j++) mean[j] = columnSum(values, j, d, weights) / count;
  const products = new Float64Array(full ? d * d : d);
  const columns = new Float64Array(d * ROWS);
  for (let start = 0; start < values.length; start += ROWS * d) {
    const rows = Math.min(ROWS, (values.length - start) / d);
    if (rows < ROWS) columns.fill(0);
    centre(columns, values, start, rows, mean);
    if (weights) scale(columns, weights.subarray(start / d, start / d + rows));
    for (let i = 0; i < d; i++)
      if (!full) products[i]! += dot(columns, i * ROWS, i * ROWS);
      else for (let j = 0; j <= i; j++) products[i * d + j]! += dot(columns, i * ROWS, j * ROWS);
  }
  if (full) for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) products[j * d + i] = products[i * d + j]!;
  return { count, mean, products };
}

/** Every `step`-th of `values` from `from` on, added up, each times its weight where there are weights. */
function columnSum(values: Reals, from: number, step: number, weights?: Float32Array): number {
  let sum = 0;
  if (weights) {
    for (let row = 0, at = from; at < values.length; row++, at += step) sum += weights[row]! * values[at]!;
    return sum;
  }
  for (let at = from; at < values.length; at += step) sum += values[at]!;
  return sum;
}

/** Writes a block of rows, less the mean, column by column. */
function centre(columns: Float64Array, values: Reals, start: number, rows: number, mean: Float64Array): void {
  const d = mean.length;
  for (let j = 0; j < d; j++) {
    const middle = mean[j]!;
    for (let row = 0, at = start + j; row < rows; row++, at += d) columns[j * ROWS + row] = values[at]! - middle;
  }
}

/** Multiplies each row of a block by the root of its weight. */
function scale(columns: Float64Array, weights: Float32Array): void {
  for (const [row, weight] of weights.entries())
    for (let at = row; at < columns.length; at += ROWS) columns[at]! *= Math.sqrt(weight);
}

/** The inner product of two columns, in four sums side by side: no addition waits for the one before it. */
function dot(columns: Float64Array, a: number, b: number): number {
  let p = 0;
  let q = 0;
  let r = 0;
  let s = 0;
  for (let row = 0; row < ROWS; row += 4) {
    p += columns[a + row]! * columns[b + row]!;
    q += columns[a + row + 1]! * columns[b + row + 1]!;
    r += columns[a + row + 2]! * columns[b + row + 2]!;
    s += columns[a + row + 3]! * columns[b + row + 3]!;
  }
  return p + q + (r + s);
}
