import { semidefiniteFactor } from "./semidefinite.ts";
import { singularValues } from "./singular.ts";

/** tr (Σ₁Σ₂)^½ and what belongs to it. */
export interface RootTrace {
  readonly value: number;
  /** Numerical ranks of Σ₁ and Σ₂. */
  readonly ranks: readonly [number, number];
  /** What the factors left out of both traces. */
  readonly residual: number;
}

/** tr (Σ₁Σ₂)^½ in float64, of both [n, n]: Cholesky with pivoting, then bidiagonalisation. Pivots up to `limits` are zero. */
export function rootTraceOnCpu(
  parts: readonly [Float64Array, Float64Array],
  n: number,
  limits: readonly [number, number],
): RootTrace {
  const [f1, f2] = parts.map((part, which) => {
    const size = largest(part);
    return size === 0
      ? { factor: new Float64Array(), rank: 0, residual: 0 }
      : semidefiniteFactor(part, n, limits[which]! / size);
  }) as [ReturnType<typeof semidefiniteFactor>, ReturnType<typeof semidefiniteFactor>];
  const sigmas =
    f1.rank === 0 || f2.rank === 0
      ? []
      : singularValues(crossProduct(f1.factor, f1.rank, f2.factor, f2.rank, n), f1.rank, f2.rank);
  let value = 0;
  for (const sigma of sigmas) value += sigma;
  return { value, ranks: [f1.rank, f2.rank], residual: f1.residual + f2.residual };
}

/** The largest size of an entry. */
export function largest(a: Float64Array): number {
  let most = 0;
  // by index: an iterator takes ten times as long, and there are millions
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]!));
  return most;
}

/** aᵀ·b of a [n, p] and b [n, q], row-major. */
function crossProduct(a: Float64Array, p: number, b: Float64Array, q: number, n: number): Float64Array {
  const c = new Float64Array(p * q);
  for (let k = 0; k < n; k++) {
    const right = b.subarray(k * q, k * q + q);
    for (let i = 0; i < p; i++) {
      const scale = a[k * p + i]!;
      if (scale === 0) continue;
      const row = c.subarray(i * q, i * q + q);
      for (let j = 0; j < q; j++) row[j] = row[j]! + scale * right[j]!;
    }
  }
  return c;
}
