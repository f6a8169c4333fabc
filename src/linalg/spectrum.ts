import { check, show } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkSquare } from "./cholesky.ts";
import { gpuOf } from "./rows.ts";
import { singularValues } from "./singular.ts";
import { reflections, tridiagonalEigenvalues, tridiagonalise } from "./tridiagonal.ts";

/**
 * Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix a [n, n], of which both triangles are read.
 *
 * Read back and solved in float64 on the CPU, O(n³): a second or so at n = 784. Returns `values` [n] and `vectors` [n, n].
 */
export async function eigh(a: Tensor): Promise<{ values: Tensor; vectors: Tensor }> {
  checkSquare("linalg.eigh", a);
  check(a.rank === 2, "shape", "linalg.eigh", () => `expected one matrix [n, n]; got ${show(a.shape)}.`);
  const n = a.shape[0]!;
  const gpu = gpuOf("linalg.eigh", a);
  const work = Float64Array.from(await a.read());
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
 * Read back and solved in float64 on the CPU by bidiagonalisation, 4·m·n² operations: a few seconds at 784 × 784.
 */
export async function svdvals(a: Tensor): Promise<Tensor> {
  check(a.rank === 2, "shape", "linalg.svdvals", () => `expected one matrix [m, n]; got ${show(a.shape)}.`);
  const [m, n] = a.shape as [number, number];
  const gpu = gpuOf("linalg.svdvals", a);
  return gpu.tensor(singularValues(Float64Array.from(await a.read()), m, n), [Math.min(m, n)]);
}
