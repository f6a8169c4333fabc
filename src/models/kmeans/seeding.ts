import { unitUniforms } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { abortable } from "../../formats/call.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { gpuOf } from "../../data/rows.ts";

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
  const values = (await x.read()) as Float32Array;
  const trials = 2 + Math.floor(Math.log(components));
  const drawn = unitUniforms(components * trials, seed, streamOf("k-means++ centres"), step);
  const counted = (squares: Float64Array): Float64Array => (weights ? squares.map((v, i) => v * weights[i]!) : squares);
  const first = weights ? draw(Float64Array.from(weights), drawn[0]!) : Math.min(n - 1, Math.floor(drawn[0]! * n));
  const chosen: number[] = [first];
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
    const candidates = Array.from({ length: trials }, (_, t) => draw(counted(closest), drawn[k * trials + t]!));
    const after = await abortable(narrowed(candidates), signal);
    const potentials = after.map((c) => counted(c).reduce((a, b) => a + b, 0));
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
