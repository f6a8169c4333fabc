import { check, show } from "../device/errors.ts";
import { signalOf } from "../formats/call.ts";
import type { ReadOptions } from "../graph/options.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import { checkSquare } from "./cholesky.ts";
import { gpuOf } from "../data/rows.ts";
import { eachMatrix, eachOnCpu } from "./eachMatrix.ts";
import { finite } from "./numbers.ts";
import { singularValues } from "./singular.ts";
import { eighOnGpu, svdvalsOnGpu } from "./spectrumGpu.ts";
import { eigenpairs } from "./tridiagonal.ts";

/**
 * Eigenvalues (ascending) and eigenvectors (columns) of symmetric matrices a [..., n, n], of which both triangles are read.
 *
 * Small ones, and all on a software adapter, are read back and solved in float64 on the CPU: a second or so at n = 784. Large ones
 * stay on a GPU, in f32, one after the other: |a·v − λ·v| ≤ n · 2⁻²³ of a's norm, and v orthogonal as well. Returns `values` [..., n] and
 * `vectors` [..., n, n]. Throws LatentError: "shape", "data" where a value is not finite, "numeric" where the GPU's sweeps do not converge;
 * the reason of `signal` where that aborts, which float64 on the CPU hears between two matrices.
 *
 *     const { values, vectors } = await linalg.eigh(gpu.tensor([[2, 1], [1, 2]]));
 *     await values.read(); // 1, 3
 */
export async function eigh(a: Tensor, options: ReadOptions = {}): Promise<{ values: Tensor; vectors: Tensor }> {
  const where = "linalg.eigh";
  checkSquare(where, a);
  check(a.size > 0, "shape", where, () => `expected matrices [..., n, n]; got ${show(a.shape)}.`);
  const signal = signalOf(where, options);
  const n = a.shape.at(-1)!;
  const gpu = gpuOf(where, a);
  if (n >= defaultsFor(gpu.traits).linalg.jacobi)
    return eachMatrix(gpu, a, (one) => eighOnGpu(where, gpu, one, signal), signal);
  const [values, vectors] = [new Float64Array(a.size / n), new Float64Array(a.size)];
  await eachOnCpu(finite(where, await a.read({ signal })), n * n, signal, (matrix, at) => {
    const found = eigenpairs(matrix, n);
    values.set(found.values, at * n);
    for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) vectors[(at * n + i) * n + k] = found.vectors[k * n + i]!;
  });
  return { values: gpu.tensor(values, a.shape.slice(0, -1)), vectors: gpu.tensor(vectors, a.shape) };
}

/**
 * Singular values of matrices a [..., m, n], descending, without vectors: [..., min(m, n)].
 *
 * Small ones, and all on a software adapter, are read back and solved in float64 on the CPU by bidiagonalisation: 4·m·n² operations,
 * a few seconds at 784 × 784. Large ones stay on a GPU, by one-sided Jacobi in f32: |error| ≤ max(m, n) · 2⁻²³ of the largest.
 * Throws as `eigh` does.
 *
 *     await (await linalg.svdvals(gpu.tensor([[3, 0], [0, 4]]))).read(); // 4, 3
 */
export async function svdvals(a: Tensor, options: ReadOptions = {}): Promise<Tensor> {
  const where = "linalg.svdvals";
  checkFloat(where, a);
  check(a.rank >= 2 && a.size > 0, "shape", where, () => `expected matrices [..., m, n]; got ${show(a.shape)}.`);
  const signal = signalOf(where, options);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const k = Math.min(m, n);
  const gpu = gpuOf(where, a);
  if (k >= defaultsFor(gpu.traits).linalg.jacobi) {
    const of = async (one: Tensor) => ({ values: await svdvalsOnGpu(where, gpu, one, signal) });
    return (await eachMatrix(gpu, a, of, signal)).values;
  }
  const stack = a.shape.slice(0, -2);
  const values = new Float64Array((a.size / (m * n)) * k);
  await eachOnCpu(finite(where, await a.read({ signal })), m * n, signal, (matrix, at) => {
    values.set(singularValues(matrix, m, n), at * k);
  });
  return gpu.tensor(values, [...stack, k]);
}
