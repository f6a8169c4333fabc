import { check, show } from "../device/errors.ts";
import { count } from "../graph/dtype.ts";
import type { ReadOptions } from "../graph/options.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import type { Gpu } from "../program/gpu.ts";
import { gpuOf } from "../data/rows.ts";
import { signalOf } from "../formats/call.ts";
import { eachMatrix, eachOnCpu } from "./eachMatrix.ts";
import { finite } from "./numbers.ts";
import { singularVectors } from "./singularVectors.ts";
import { svdOnGpu } from "./spectrumGpu.ts";

/** What svd gives: u [..., m, k], s [..., k] and vh [..., k, n], k = min(m, n). */
export interface Svd {
  /** Left singular vectors, as columns: orthonormal. */
  readonly u: Tensor;
  /** Singular values, descending, none below 0. */
  readonly s: Tensor;
  /** Right singular vectors, as rows: orthonormal. */
  readonly vh: Tensor;
}

/**
 * The singular value decomposition a = u · diag(s) · vh of matrices a [..., m, n], in the reduced form and by the names of torch.linalg.svd.
 *
 * Residual and orthogonality are within 1e-5 of the largest value and of 1, whatever the rank. Signs of pairs of vectors, and directions in
 * the space of equal values, are as they come. Small matrices, and all on a software adapter, are read back and solved in float64 on
 * the CPU; large ones stay on a GPU, in f32, one after the other. Without a gradient: that of the sum of s is `nuclearNorm`'s.
 * Throws LatentError: "shape", "data" where a value is not finite, "numeric" where the GPU's sweeps do not converge; the reason of
 * `signal` where that aborts, which float64 on the CPU hears between two matrices.
 *
 *     const { u, s, vh } = await linalg.svd(gpu.tensor([[3, 0], [0, 4]]));
 *     await s.read(); // 4, 3
 */
export async function svd(a: Tensor, options: ReadOptions = {}): Promise<Svd> {
  const where = "linalg.svd";
  checkFloat(where, a);
  check(a.rank >= 2 && a.size > 0, "shape", where, () => `expected matrices [..., m, n]; got ${show(a.shape)}.`);
  const signal = signalOf(where, options);
  const gpu = gpuOf(where, a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const isLarge = Math.min(m, n) >= defaultsFor(gpu.traits).linalg.jacobi;
  if (isLarge) return eachMatrix(gpu, a, (one) => svdOnGpu(where, gpu, one, signal), signal);
  return onCpu(where, gpu, a, signal);
}

async function onCpu(where: string, gpu: Gpu, a: Tensor, signal: AbortSignal | undefined): Promise<Svd> {
  const stack = a.shape.slice(0, -2);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const k = Math.min(m, n);
  const values = finite(where, await a.read({ signal }));
  const matrices = count(stack);
  const [u, s, vh] = [m * k, k, k * n].map((size) => new Float64Array(matrices * size)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  await eachOnCpu(values, m * n, signal, (matrix, at) => {
    const one = singularVectors(matrix, m, n);
    u.set(one.u, at * m * k);
    s.set(one.s, at * k);
    vh.set(one.vh, at * k * n);
  });
  return { u: gpu.tensor(u, [...stack, m, k]), s: gpu.tensor(s, [...stack, k]), vh: gpu.tensor(vh, [...stack, k, n]) };
}
