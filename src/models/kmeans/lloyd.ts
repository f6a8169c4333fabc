import { abortable, madeUnless } from "../../formats/call.ts";
import { assign } from "../../graph/assign.ts";
import { add, div, equal, greater, less, maximum, mul, square, sub, where } from "../../graph/ops/arithmetic.ts";
import { argmax } from "../../graph/ops/argmax.ts";
import { gather } from "../../graph/ops/gather.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { max, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { gpuOf } from "../../data/rows.ts";
import { clusterSums } from "../../linalg/clusters.ts";
import { indexOfFirst, nearest, positions } from "./nearest.ts";

/** What moves centres: sums of differences [K, d], weights [K], the row farthest from its centre [d] and its square []. */
export type CentreSums = Record<"first" | "counts" | "farthest" | "reach", Tensor>;
/** The same, and Σ squared distance []. */
export type Found = CentreSums & Record<"inertia", Tensor>;

/** Assigns rows x [n, d] to their nearest centres [K, d]; weights [n] or none. */
export function assigned(x: Tensor, centres: Tensor, weights: Tensor | null): Found {
  const [n, d] = x.shape as [number, number];
  const k = centres.shape[0]!;
  const { responsibilities, squares } = nearest(x, centres);
  const own = weights ? mul(responsibilities, reshape(weights, [n, 1])) : responsibilities;
  const counted = weights ? where(greater(weights, 0), squares, 0) : squares;
  return {
    first: reshape(slice(clusterSums(x, centres, own), 1, 0, 1), [k, d]),
    counts: sum(own, 0),
    inertia: sum(weights ? mul(squares, weights) : squares),
    farthest: reshape(gather(x, reshape(argmax(counted, 0), [1])), [d]),
    reach: max(counted),
  };
}

/** Centres moved to the means of their rows; the first that has none goes to the farthest row, unless every row lies on a centre. */
export function updatedCentres(
  centres: Tensor,
  { first, counts, farthest, reach }: CentreSums,
): { next: Tensor; shift: Tensor } {
  const [k] = centres.shape as [number, number];
  const column = reshape(counts, [k, 1]);
  const step = where(greater(column, 0), div(first, maximum(column, 1e-30)), 0);
  const which = indexOfFirst(sub(0, counts));
  const isMoved = reshape(mul(equal(positions(centres.gpu, k), which), greater(reach, 0)), [k, 1]);
  const shift = where(isMoved, sub(farthest, centres), step);
  return { next: add(centres, shift), shift };
}

/**
 * Lloyd's iterations on rows x that are in memory, from `start` [K·d]: the centres when none moves further than 1e-2 of the data's mean
 * deviation, or after `most` iterations. Results do not depend on how often the host looks.
 */
export async function lloyd(
  x: Tensor,
  start: Float32Array<ArrayBuffer>,
  most: number,
  signal?: AbortSignal,
  weights?: Float32Array<ArrayBuffer>,
): Promise<Float32Array> {
  const gpu = gpuOf("kmeans", x);
  const [n, d] = x.shape as [number, number];
  const centres = gpu.state(start, [start.length / d, d]);
  const done = gpu.state(new Float32Array(1), []);
  const own = weights ? gpu.tensor(weights, [n]) : null;
  const body = (): void => {
    const found = assigned(x, centres, own);
    const { next, shift } = updatedCentres(centres, found);
    assign(centres, where(done, centres, next));
    const farthest = max(sum(square(shift), 1));
    const total = own ? sum(own) : n;
    assign(done, maximum(done, less(farthest, add(div(mul(found.inertia, 1e-4), total), 1e-30))));
  };
  let statusRead: Promise<number> | null = null;
  try {
    using step = await madeUnless(signal, gpu.compileFor(signal, body));
    for (let left = most; left > 0; left -= 4) {
      signal?.throwIfAborted();
      await abortable(step.repeat(Math.min(4, left)), signal);
      // read one block late: the GPU never waits for the host
      const before: number = (await abortable(Promise.resolve(statusRead), signal)) ?? 0;
      statusRead = done.item({ signal });
      if (before === 1) break;
    }
    return (await centres.read({ signal })) as Float32Array;
  } finally {
    (statusRead as Promise<number> | null)?.catch(() => {});
    for (const t of [centres, done, own]) t?.dispose();
  }
}
