import { Dataset } from "../data/dataset.ts";
import {
  allFinite,
  eachBatch,
  gpuOf,
  isArrays,
  type Rows,
  rowsAtOnce,
  rowsOf,
  type Samples,
  throwNotFinite,
} from "../data/rows.ts";
import { check, isPlain, named } from "../device/errors.ts";
import { bytes } from "../graph/ops/bytes.ts";
import { concat } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** What a measure takes for a set of samples. SampleArrays go to the GPU of the other set, or of `options.gpu`. */
export type SampleSet = Samples;

/** The engine that a set lives on, where it says so without work. */
export function gpuBehind(x: unknown): Gpu | undefined {
  if (x instanceof Tensor) return gpuOf("measure", x);
  if (x instanceof Dataset) return x.gpu;
  const { gpu } = (isPlain(x) ? x : {}) as { gpu?: Gpu };
  return gpu;
}

/** A tensor of what was given: itself, or arrays on the GPU. `own` notes what was uploaded, for its owner to free. */
export function tensorOf(where: string, set: string, x: unknown, gpu: Gpu | undefined, own: Tensor[]): Tensor {
  if (x instanceof Tensor) return x;
  check(isArrays(x), "argument", where, () => `expected ${set} as a tensor or arrays of numbers; got ${named(x)}.`);
  check(gpu !== undefined, "argument", where, () => {
    return `arrays alone do not say which gpu to use. Give one: { gpu }, or make tensors: gpu.tensor(values).`;
  });
  const tensor = gpu.tensor(x as never, { dtype: "f32" });
  own.push(tensor);
  return tensor;
}

/** Bytes of images as rows from 0 to 1, as a data set has them. */
const rowsOfBytes = (where: string, x: Tensor): Rows => ({
  count: x.shape[0]!,
  dim: x.size / x.shape[0]!,
  shape: x.shape.slice(1),
  batch: (start, size) =>
    gpuOf(where, x).within(() => reshape(bytes(slice(x, 0, start, start + size), { scale: 1 / 255 }), [size, -1])),
});

/** A set as rows [n, d]; images are flattened, and their bytes become 0 to 1. Throws LatentError: "argument", "shape". */
export function rowsFrom(where: string, set: string, x: unknown, gpu: Gpu | undefined, own: Tensor[]): Rows {
  if (x instanceof Tensor && x.dtype === "u8" && x.rank > 2) return rowsOfBytes(where, x);
  if (!isArrays(x)) return rowsOf(where, x as Samples);
  const tensor = tensorOf(where, set, x, gpu, own);
  return rowsOf(
    where,
    tensor.rank === 1 ? gpuOf(where, tensor).within(() => tensor.reshape([tensor.size, 1])) : tensor,
  );
}

/** All values of a set on the CPU, [n, d] row-major; numbers that arrays gave keep their float64. */
export async function valuesOf(where: string, rows: Rows, signal?: AbortSignal): Promise<Float64Array<ArrayBuffer>> {
  const values = new Float64Array(rows.count * rows.dim);
  await eachBatch(
    rows,
    rowsAtOnce(rows.dim),
    async (batch, start) => {
      values.set(await batch.read({ signal }), start * rows.dim);
    },
    signal,
  );
  const at = values.findIndex((value) => !Number.isFinite(value));
  check(at < 0, "data", where, () => {
    return `row ${Math.floor(at / rows.dim)}, feature ${at % rows.dim} is ${values[at]}. Expected finite numbers.`;
  });
  return values;
}

/**
 * What `use` makes of whole sets, each one tensor [n, d] that lasts until then. Throws LatentError("data") naming the first value that is
 * infinite or no number.
 */
export async function onWholes<T>(
  where: string,
  sets: readonly Rows[],
  use: (...wholes: Tensor[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const wholes: Tensor[] = [];
  const owned: Tensor[] = [];
  try {
    for (const rows of sets) {
      signal?.throwIfAborted();
      const x = await rows.batch(0, rows.count);
      wholes.push(x);
      if (rows.keeps !== true) owned.push(x);
      const finite = gpuOf(where, x).within(() => allFinite(x));
      if ((await finite.item({ signal }).finally(() => finite.dispose())) !== 1) await throwNotFinite(where, x, 0);
    }
    return await use(...wholes);
  } finally {
    for (const x of owned) x.dispose();
  }
}

/** Sets one after the other, as one set. */
export function joined(parts: readonly Rows[]): Rows {
  const [{ dim, shape }] = parts as [Rows];
  const starts = parts.reduce<number[]>((all, { count }) => [...all, all.at(-1)! + count], [0]);
  return {
    count: starts.at(-1)!,
    dim,
    shape,
    async batch(start, size) {
      const pieces: Tensor[] = [];
      const owned: Tensor[] = [];
      try {
        for (const [k, part] of parts.entries()) {
          const [from, to] = [Math.max(start, starts[k]!), Math.min(start + size, starts[k + 1]!)];
          if (from >= to) continue;
          const piece = await part.batch(from - starts[k]!, to - from);
          pieces.push(piece);
          if (part.keeps !== true) owned.push(piece);
        }
        const [first] = pieces as [Tensor];
        if (pieces.length > 1) return gpuOf("batch", first).within(() => concat(pieces, 0));
        // a copy where the source owns its batch: whoever asked disposes what it gets
        return owned.pop() ?? (await first.copy());
      } finally {
        for (const piece of owned) piece.dispose();
      }
    },
  };
}
