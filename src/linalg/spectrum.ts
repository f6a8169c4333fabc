import { check, show } from "../device/errors.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import { checkSquare } from "./cholesky.ts";
import { gpuOf } from "../data/rows.ts";
import { finite } from "./numbers.ts";
import { singularValues } from "./singular.ts";
import { eighOnGpu, svdvalsOnGpu } from "./spectrumGpu.ts";
import { reflections, tridiagonalEigenvalues, tridiagonalise } from "./tridiagonal.ts";

/**
 * Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix a [n, n], of which both triangles are read.
 *
 * Small ones, and all on a software adapter, are read back and solved in float64 on the CPU: a second or so at n = 784. Large ones
 * stay on a GPU, in f32: |a·v − λ·v| ≤ n · 2⁻²³ of a's norm, and v orthogonal as well. Returns `values` [n] and `vectors` [n, n].
 * Throws LatentError: "shape", "data" where a value is not finite, "numeric" where the GPU's sweeps do not converge.
 *
 *     const { values, vectors } = await linalg.eigh(gpu.tensor([[2, 1], [1, 2]]));
 *     await values.read(); // 1, 3
 */
export async function eigh(a: Tensor): Promise<{ values: Tensor; vectors: Tensor }> {
  const where = "linalg.eigh";
  checkSquare(where, a);
  check(a.rank === 2, "shape", where, () => `expected one matrix [n, n]; got ${show(a.shape)}.`);
  const n = a.shape[0]!;
  const gpu = gpuOf(where, a);
  if (n >= defaultsFor(gpu.traits).linalg.jacobi) return eighOnGpu(where, gpu, a);
  const work = finite(where, await a.read());
  const form = tridiagonalise(work, n);
  const rows = reflections(work, n);
  const values = tridiagonalEigenvalues(form, rows);
  const vectors = new Float64Array(n * n);
  for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) vectors[i * n + k] = rows[k * n + i]!;
  return { values: gpu.tensor(values, [n]), vectors: gpu.tensor(vectors, [n, n]) };
}

/**
 * Singular values of a [m, n], descending, without vectors: [min(m, n)].
 *
 * Small ones, and all on a software adapter, are read back and solved in float64 on the CPU by bidiagonalisation: 4·m·n² operations,
 * a few seconds at 784 × 784. Large ones stay on a GPU, by one-sided Jacobi in f32: |error| ≤ max(m, n) · 2⁻²³ of the largest.
 * Throws LatentError as `eigh` does.
 *
 *     await (await linalg.svdvals(gpu.tensor([[3, 0], [0, 4]]))).read(); // 4, 3
 */
export async function svdvals(a: Tensor): Promise<Tensor> {
  const where = "linalg.svdvals";
  checkFloat(where, a);
  check(a.rank === 2, "shape", where, () => `expected one matrix [m, n]; got ${show(a.shape)}.`);
  const [m, n] = a.shape as [number, number];
  const gpu = gpuOf(where, a);
  if (Math.min(m, n) >= defaultsFor(gpu.traits).linalg.jacobi) return svdvalsOnGpu(where, gpu, a);
  return gpu.tensor(singularValues(finite(where, await a.read()), m, n), [Math.min(m, n)]);
}
