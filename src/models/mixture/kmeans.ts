import { unitUniforms } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { abortable } from "../../formats/call.ts";
import { assign } from "../../graph/assign.ts";
import { add, div, greater, less, maximum, mul, square, where } from "../../graph/ops/arithmetic.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { max, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { clusterSums, distances } from "../../linalg/clusters.ts";
import { gpuOf } from "../../data/rows.ts";
import { nearest } from "./components.ts";

/**
 * K rows of x [n, d] far from one another (Arthur & Vassilvitskii 2007), each the best of 2 + ⌊ln K⌋ draws, as [K·d].
 * Distances come from the GPU; draws and sums are float64, so equal seeds give equal centres.
 */
export async function plusPlus(
  x: Tensor,
  components: number,
  seed: number,
  step: number,
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const gpu = gpuOf("kmeans", x);
  const [n, d] = x.shape as [number, number];
  const values = (await x.read()) as Float32Array;
  const trials = 2 + Math.floor(Math.log(components));
  const drawn = unitUniforms(components * trials, seed, streamOf("k-means++ centres"), step);
  const chosen: number[] = [Math.min(n - 1, Math.floor(drawn[0]! * n))];
  let closest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const narrowed = async (candidates: readonly number[]): Promise<Float64Array<ArrayBuffer>[]> => {
    const rows = new Float32Array(candidates.length * d);
    for (const [c, row] of candidates.entries()) rows.set(values.subarray(row * d, row * d + d), c * d);
    const squares = gpu.within(() => {
      const centres = gpu.tensor(rows, [candidates.length, d]);
      return distances(x, centres, gpu.tensor(new Float32Array(rows.length).fill(1), centres.shape));
    });
    const read = await squares.read().finally(() => squares.dispose());
    return candidates.map((_, c) =>
      Float64Array.from(closest, (best, i) => Math.min(best, read[i * candidates.length + c]!)),
    );
  };
  closest = (await abortable(narrowed(chosen), signal))[0]!;
  for (let k = 1; k < components; k++) {
    signal?.throwIfAborted();
    const candidates = Array.from({ length: trials }, (_, t) => draw(closest, drawn[k * trials + t]!));
    const after = await abortable(narrowed(candidates), signal);
    const potentials = after.map((c) => c.reduce((a, b) => a + b, 0));
    const best = potentials.indexOf(Math.min(...potentials));
    chosen.push(candidates[best]!);
    closest = after[best]!;
  }
  const centres = new Float32Array(components * d);
  for (const [k, row] of chosen.entries()) centres.set(values.subarray(row * d, row * d + d), k * d);
  return centres;
}

/** The index at which the running sum of `weights` passes u times their total; uniform where all are 0. */
function draw(weights: Float64Array, u: number): number {
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0)) return Math.min(weights.length - 1, Math.floor(u * weights.length));
  let left = u * total;
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return i;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

/**
 * Lloyd's iterations from `start` [K·d]: the centres when none moves further than 1e-2 of the data's mean deviation, or after
 * `most` iterations. A centre that loses all its rows stays. Results do not depend on how often the host looks.
 */
export async function lloyd(
  x: Tensor,
  start: Float32Array<ArrayBuffer>,
  most: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const gpu = gpuOf("kmeans", x);
  const d = x.shape[1]!;
  const k = start.length / d;
  const centres = gpu.state(start, [k, d]);
  const done = gpu.state(new Float32Array(1), []);
  const free = (): void => {
    for (const t of [centres, done]) t.dispose();
  };
  const compiling = gpu.compileFor(signal, () => {
    const { responsibilities, squares } = nearest(x, centres);
    const first = reshape(slice(clusterSums(x, centres, responsibilities), 1, 0, 1), [k, d]);
    const counts = reshape(sum(responsibilities, 0), [k, 1]);
    const shift = where(greater(counts, 0), div(first, maximum(counts, 1)), 0);
    const moved = max(sum(square(shift), 1));
    assign(centres, where(done, centres, add(centres, shift)));
    assign(done, maximum(done, less(moved, add(mul(sum(squares), 1e-4 / x.shape[0]!), 1e-30))));
  });
  const step = await abortable(compiling, signal).catch((error: unknown) => {
    free();
    void compiling.then((made) => made.dispose()).catch(() => {});
    throw error;
  });
  let seen: Promise<number> | null = null;
  try {
    for (let left = most; left > 0; left -= 4) {
      signal?.throwIfAborted();
      await abortable(step.repeat(Math.min(4, left)), signal);
      // read one block late: the GPU never waits for the host
      const before: number = (await abortable(Promise.resolve(seen), signal)) ?? 0;
      seen = done.item();
      if (before === 1) break;
    }
    return (await centres.read()) as Float32Array;
  } finally {
    (seen as Promise<number> | null)?.catch(() => {});
    step.dispose();
    free();
  }
}
