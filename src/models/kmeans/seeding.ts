import { type Draw, permutation, unitUniforms } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { ones } from "../../linalg/matrix.ts";
import { gpuOf } from "../../data/rows.ts";

/** Numbers of n rows in random order; those of weight 0 come last. */
export function randomOrder(n: number, draw: Draw, weights?: Float32Array): Uint32Array<ArrayBuffer> {
  const order = permutation(n, draw);
  return weights ? order.sort((a, b) => Number(weights[a] === 0) - Number(weights[b] === 0)) : order;
}

/** Some of the rows `values` [n·d], by their numbers: [rows·d]. */
export function rowsAt(values: Float32Array, d: number, rows: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const found = new Float32Array(rows.length * d);
  for (let k = 0; k < rows.length; k++) found.set(values.subarray(rows[k]! * d, rows[k]! * d + d), k * d);
  return found;
}

/**
 * K rows of x [n, d] far from one another (Arthur & Vassilvitskii 2007), each the best of 2 + ⌊ln K⌋ draws, as [K·d].
 * Distances come from the GPU; draws and sums are float64, so equal seeds give equal centres. `weights` [n]: a row of weight 2 counts as two.
 */
export async function plusPlus(
  x: Tensor,
  components: number,
  seed: number,
  step: number,
  signal?: AbortSignal,
  weights?: Float32Array,
): Promise<Float32Array<ArrayBuffer>> {
  const gpu = gpuOf("kmeans", x);
  const [n, d] = x.shape as [number, number];
  const values = (await x.read({ signal })) as Float32Array;
  const trials = 2 + Math.floor(Math.log(components));
  const drawn = unitUniforms(components * trials, seed, streamOf("k-means++ centres"), step);
  const counted = (squares: Float64Array): Float64Array => (weights ? squares.map((v, i) => v * weights[i]!) : squares);
  const first = weights ? draw(Float64Array.from(weights), drawn[0]!) : Math.min(n - 1, Math.floor(drawn[0]! * n));
  const chosen: number[] = [first];
  let closest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const narrowed = async (candidates: readonly number[]): Promise<Float64Array<ArrayBuffer>[]> => {
    const squares = gpu.within(() => {
      const centres = gpu.tensor(rowsAt(values, d, candidates), [candidates.length, d]);
      return distances(x, centres, ones(gpu, centres.shape));
    });
    const read = await squares.read({ signal }).finally(() => squares.dispose());
    return candidates.map((_, c) =>
      Float64Array.from(closest, (best, i) => Math.min(best, read[i * candidates.length + c]!)),
    );
  };
  closest = (await narrowed(chosen))[0]!;
  for (let k = 1; k < components; k++) {
    signal?.throwIfAborted();
    const candidates = Array.from({ length: trials }, (_, t) => draw(counted(closest), drawn[k * trials + t]!));
    const after = await narrowed(candidates);
    const potentials = after.map((c) => counted(c).reduce((a, b) => a + b, 0));
    const best = potentials.indexOf(Math.min(...potentials));
    chosen.push(candidates[best]!);
    closest = after[best]!;
  }
  return rowsAt(values, d, chosen);
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
