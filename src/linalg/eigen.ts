import { reflections, tridiagonalEigenvalues, tridiagonalise } from "./tridiagonal.ts";

/** Eigenvalues (ascending) and eigenvectors (one a row) of a symmetric [n, n], in float64 on the CPU. */
export function symmetricEigen(a: Float64Array, n: number): { values: Float64Array; rows: Float64Array } {
  const work = a.slice();
  const form = tridiagonalise(work, n);
  const rows = reflections(work, n);
  return { values: tridiagonalEigenvalues(form, rows), rows };
}

/** f of a symmetric [n, n]:  Σ_k f(λ_k) v_k v_kᵀ. */
export function functionOf(a: Float64Array, n: number, f: (value: number, largest: number) => number): Float64Array {
  const { values, rows } = symmetricEigen(a, n);
  const largest = Math.max(0, values[n - 1]!);
  const result = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const value = f(values[k]!, largest);
    if (value === 0) continue;
    const v = rows.subarray(k * n, k * n + n);
    for (let i = 0; i < n; i++) {
      const scale = value * v[i]!;
      if (scale !== 0) for (let j = 0; j < n; j++) result[i * n + j]! += scale * v[j]!;
    }
  }
  return result;
}

/** a·b of [n, n] in float64. */
export function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const scale = a[i * n + k]!;
      if (scale === 0) continue;
      for (let j = 0; j < n; j++) c[i * n + j]! += scale * b[k * n + j]!;
    }
  return c;
}
