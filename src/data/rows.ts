import { Dataset } from "./dataset.ts";
import { abortable, madeUnless } from "../formats/call.ts";
import { check, LatentError, show } from "../device/errors.ts";
import { isFinite } from "../graph/ops/elementwise.ts";
import { concat } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { min } from "../graph/ops/sum.ts";
import { checkTensor } from "../graph/operand.ts";
import { Tensor } from "../graph/tensor.ts";
import { layout, recordView } from "../graph/record.ts";
import { Gpu } from "../program/gpu.ts";
import { flatten, type Values } from "../program/nested.ts";
import { lastOpened } from "../program/opened.ts";

/** Samples that need not fit into one buffer: `count` rows of `dim` values, given out in runs as f32 [size, dim]. */
export interface Rows {
  /** Samples in it. */
  readonly count: number;
  /** Elements of one sample. */
  readonly dim: number;
  /** What one sample looks like, where it is more than a row: an image's [c, h, w]. */
  readonly shape?: readonly number[] | undefined;
  /** Rows start … start + size − 1, as a tensor that is disposed after use. */
  batch(start: number, size: number): Tensor | Promise<Tensor>;
  /** The source owns what `batch` returns, and disposes it itself. */
  readonly keeps?: boolean;
}

/** Numbers as arrays: nested, one inner array a sample, or a flat typed array with one value a sample. */
export type SampleArrays = readonly ArrayLike<number>[] | readonly (readonly ArrayLike<number>[])[] | ArrayLike<number>;

/**
 * What models and metrics accept as samples: rows [n, d], a data set on the GPU (bytes as 0 to 1), a source of rows, or arrays, which
 * go to the model's engine; those of a fit go to the engine that was opened last.
 */
export type Samples = Tensor | Dataset | Rows | SampleArrays;

/** Elements of one batch at most: 16 MiB. */
const ELEMENTS = 2 ** 22;

/** Rows that one step takes: whole quads of rows, and few enough that products over them stay accurate in f32. */
export const rowsAtOnce = (dim: number, copies = 1): number =>
  Math.max(64, Math.min(4096, Math.floor(ELEMENTS / dim / copies / 64) * 64));

/** The engine behind a tensor. */
export function gpuOf(where: string, x: Tensor): Gpu {
  check(x.gpu instanceof Gpu, "argument", where, () => "expected a tensor of a gpu opened by openGpu or openNodeGpu.");
  return x.gpu;
}

/** The engine behind a source of rows. */
export async function gpuOfRows(where: string, rows: Rows): Promise<Gpu> {
  const first = await rows.batch(0, 1);
  const gpu = gpuOf(where, first);
  if (rows.keeps !== true) first.dispose();
  return gpu;
}

/** Whether samples are arrays of numbers. */
export const isArrays = (x: unknown): x is SampleArrays =>
  Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView));

/**
 * Samples, flattened to rows [n, d], as a source of rows; arrays as rows on `gpu`, or on the engine that was opened last.
 * Throws LatentError: "argument" on another object, "shape" on another rank or where `dim` is given and differs.
 */
export function rowsOf(where: string, x: Samples, dim?: number, gpu?: Gpu): Rows {
  const rows = sourceOf(where, x, gpu);
  const fits = typeof rows === "object" && rows !== null && typeof rows.batch === "function";
  check(
    fits,
    "argument",
    where,
    () =>
      "expected samples: a tensor or arrays [n, d], a Dataset, or an object with count, dim and batch(start, size).",
  );
  check(
    Number.isInteger(rows.count) && Number.isInteger(rows.dim) && rows.count > 0 && rows.dim > 0,
    "shape",
    where,
    () => `expected at least one row and one column; got ${show([rows.count, rows.dim])}.`,
  );
  check(
    dim === undefined || rows.dim === dim,
    "shape",
    where,
    () => `features differ in number. Expected ${dim} columns; got ${rows.dim}.`,
  );
  return rows;
}

function sourceOf(where: string, x: Samples, gpu: Gpu | undefined): Rows {
  if (x instanceof Tensor) return rowsOfTensor(where, x);
  if (x instanceof Dataset) return rowsOfDataset(x);
  return isArrays(x) ? rowsOfArrays(where, x, gpu) : x;
}

/** Rows of a tensor alone, for what gives tensors back at once: nobody would free what arrays become. Throws as rowsOf does. */
export function tensorRows(where: string, x: Tensor, dim: number): Rows {
  checkTensor(where, x, "a tensor [n, d]");
  return rowsOf(where, x, dim);
}

function rowsOfTensor(where: string, x: Tensor): Rows {
  check(
    x.rank >= 2 && x.dtype === "f32",
    "shape",
    where,
    () => `expected f32 rows [n, d]; got ${x.dtype} ${show(x.shape)}.`,
  );
  const count = x.shape[0]!;
  const dim = x.size / count;
  // a view of its own for every batch: disposed after use, it leaves x no pending reader
  return {
    count,
    dim,
    shape: x.shape.slice(1),
    batch: (start, size) =>
      gpuOf(where, x).within(() => {
        const part = reshape(slice(x, 0, start, start + size), [size, dim]);
        return part === x ? recordView(where, x, x.shape, layout(x).offset, layout(x).strides, ([g]) => [g!]) : part;
      }),
  };
}

/** Each batch is uploaded when it is asked for, and its user frees it. */
function rowsOfArrays(where: string, x: SampleArrays, given: Gpu | undefined): Rows {
  const { values, shape } = flatten(where, x as Values, "f32");
  const gpu = given ?? lastOpened();
  check(gpu !== undefined, "argument", where, () => "arrays need a gpu to go to. Open one first: await openGpu().");
  const count = shape[0]!;
  const dim = values.length / count;
  const batch = (start: number, size: number) =>
    gpu.tensor(values.subarray(start * dim, (start + size) * dim), [size, dim]);
  return { count, dim, shape: shape.length > 1 ? shape.slice(1) : [1], batch };
}

function rowsOfDataset(x: Dataset): Rows {
  return {
    count: x.count,
    dim: x.features,
    shape: x.shape,
    batch: (start, size) => x.gpu.within(() => reshape(x.slice(start, start + size), [size, x.features])),
  };
}

/** `of` applied to rows [n, d], `size` of them at a time, and put together. */
export function inParts(rows: Tensor, size: number, of: (part: Tensor) => Tensor): Tensor {
  const count = rows.shape[0]!;
  const parts: Tensor[] = [];
  for (let start = 0; start < count; start += size)
    parts.push(of(slice(rows, 0, start, Math.min(count, start + size))));
  return parts.length === 1 ? parts[0]! : concat(parts, 0);
}

/** Calls `use` on the rows, batch by batch, and disposes each batch afterwards; `order` numbers the batches, 0, 1, … without it. */
export async function eachBatch(
  rows: Rows,
  size: number,
  use: (batch: Tensor, start: number) => Promise<void>,
  signal?: AbortSignal,
  order?: ArrayLike<number>,
): Promise<void> {
  for (let at = 0; at * size < rows.count; at++) {
    signal?.throwIfAborted();
    const start = (order?.[at] ?? at) * size;
    const wanted = Math.min(size, rows.count - start);
    const asked = Promise.resolve(rows.batch(start, wanted));
    const batch = await (rows.keeps === true ? abortable(asked, signal) : madeUnless(signal, asked));
    const fits =
      batch instanceof Tensor &&
      batch.dtype === "f32" &&
      batch.rank === 2 &&
      batch.shape[0] === wanted &&
      batch.shape[1] === rows.dim;
    check(
      fits,
      "shape",
      "batch",
      () =>
        `expected f32 ${show([wanted, rows.dim])} from the source; got ${batch?.dtype} ${show(batch?.shape ?? [])}.`,
    );
    try {
      await abortable(use(batch, start), signal);
    } finally {
      if (rows.keeps !== true) batch.dispose();
    }
  }
}

/** 1 where all of x are numbers, else 0: one element, tested on bits. */
export const allFinite = (x: Tensor): Tensor => min(isFinite(x));

/** Throws LatentError("data") naming the first value of a batch that is infinite or no number. */
export async function throwNotFinite(where: string, batch: Tensor, start: number): Promise<never> {
  const values = await batch.read();
  const at = values.findIndex((value: number) => !Number.isFinite(value));
  const dim = batch.shape[1]!;
  throw new LatentError(
    "data",
    `${where}: row ${start + Math.floor(at / dim)}, feature ${at % dim} is ${values[at]}. Expected finite numbers. Remove or replace such rows.`,
  );
}

/** Throws LatentError("data") naming the first value that is infinite or no number. */
export async function checkFinite(where: string, rows: Rows, signal?: AbortSignal): Promise<void> {
  await eachBatch(
    rows,
    rowsAtOnce(rows.dim),
    async (batch, start) => {
      const finite = gpuOf(where, batch).within(() => allFinite(batch));
      try {
        if ((await finite.item({ signal })) !== 1) await throwNotFinite(where, batch, start);
      } finally {
        finite.dispose();
      }
    },
    signal,
  );
}
