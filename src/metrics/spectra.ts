import { gpuOf, type Rows } from "../data/rows.ts";
import { div, maximum, mul, sqrt, square } from "../graph/ops/arithmetic.ts";
import { exp } from "../graph/ops/elementwise.ts";
import { gram } from "../graph/ops/gram.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { eigh } from "../linalg/spectrum.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import { tridiagonalEigenvalues, tridiagonalise } from "../linalg/tridiagonal.ts";
import type { Gpu } from "../program/gpu.ts";
import type { LongCall } from "../formats/call.ts";
import { eachPair } from "./pairs.ts";
import { onWholes } from "./sets.ts";

/** Eigenvalues of a symmetric [n, n]: large ones on a GPU, else in float64 on the CPU. */
export async function eigenvaluesOf(
  gpu: Gpu | undefined,
  a: Float64Array,
  n: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  if (gpu && n >= defaultsFor(gpu.traits).linalg.jacobi) {
    const owned: Tensor[] = [gpu.tensor(a, [n, n])];
    try {
      const { values, vectors } = await eigh(owned[0]!, { signal });
      owned.push(values, vectors);
      return Float64Array.from(await values.read({ signal }));
    } finally {
      for (const tensor of owned) tensor.dispose();
    }
  }
  return tridiagonalEigenvalues(tridiagonalise(a.slice(), n));
}

/** exp of Rényi's entropy of order q of eigenvalues that sum to 1: (Σ λ^q)^(1/(1−q)), exp(−Σ λ log λ) at 1, 1/λ_max at ∞. */
export function entropyScore(eigenvalues: ArrayLike<number>, q: number): number {
  const values = Array.from(eigenvalues).filter((value) => value > 1e-12);
  if (q === Infinity) return 1 / Math.max(...values);
  if (q === 1) return Math.exp(-values.reduce((total, value) => total + value * Math.log(value), 0));
  return values.reduce((total, value) => total + value ** q, 0) ** (1 / (1 - q));
}

/** The gaussian kernel exp(−|x − y|²/2σ²) of all pairs, [n, m] in float64. */
export async function rbfMatrix(where: string, a: Rows, b: Rows, sigma: number, long: LongCall): Promise<Float64Array> {
  const blocks = await eachPair(a, b, (squares) => [exp(mul(squares, -1 / (2 * sigma * sigma)))], { ...long, where });
  const matrix = new Float64Array(a.count * b.count);
  for (const { i, j, rows, columns, found } of blocks)
    for (let r = 0; r < rows; r++)
      matrix.set(found[0]!.subarray(r * columns, (r + 1) * columns), (i + r) * b.count + j);
  return matrix;
}

/** Eigenvalues of K/n for the cosine kernel: of the smaller of XXᵀ/n and XᵀX/n, x with rows of length 1. */
export async function cosineSpectrum(where: string, rows: Rows, signal?: AbortSignal): Promise<Float64Array> {
  const [gpu, read] = await onWholes(
    where,
    [rows],
    async (x) => {
      const gpu = gpuOf(where, x);
      const products = gpu.within(() => {
        const unit = div(x, maximum(sqrt(sum(square(x), 1, { keepDims: true })), 1e-30));
        return div(rows.dim < rows.count ? gram(unit) : gram(unit.transpose()), rows.count);
      });
      return [gpu, Float64Array.from(await products.read({ signal }).finally(() => products.dispose()))] as const;
    },
    signal,
  );
  return eigenvaluesOf(gpu, read, Math.min(rows.count, rows.dim), signal);
}
