import { transposed } from "./transposed.ts";
import { reflector, tridiagonalEigenvalues } from "./tridiagonal.ts";

/**
 * Singular values, descending, of a [rows, columns] in float64 on the CPU: Householder bidiagonalisation, then the eigenvalues
 * ±σ of the tridiagonal matrix with a zero diagonal that the bidiagonal one belongs to (Golub & Kahan 1965). Nothing is
 * squared: |error| is a few units of rounding of the largest value. 4·rows·columns² operations.
 */
export function singularValues(a: Float64Array, rows: number, columns: number): Float64Array {
  if (rows < columns) return singularValues(transposed(a, rows, columns), columns, rows);
  if (columns === 0) return new Float64Array();
  const { diagonal, above } = bidiagonalise(Float64Array.from(a), rows, columns);
  const below = new Float64Array(2 * columns - 1);
  for (let k = 0; k < columns; k++) {
    below[2 * k] = diagonal[k]!;
    if (k < columns - 1) below[2 * k + 1] = above[k]!;
  }
  const both = tridiagonalEigenvalues({ diagonal: new Float64Array(2 * columns), below });
  return both
    .slice(columns)
    .reverse()
    .map((value) => Math.max(0, value));
}

/** Upper bidiagonal form of a [rows, columns], rows ≥ columns, which is overwritten. */
function bidiagonalise(
  a: Float64Array,
  rows: number,
  columns: number,
): { diagonal: Float64Array; above: Float64Array } {
  const diagonal = new Float64Array(columns);
  const above = new Float64Array(columns);
  const v = new Float64Array(rows);
  const products = new Float64Array(columns);
  for (let k = 0; k < columns; k++) {
    for (let i = k; i < rows; i++) v[i] = a[i * columns + k]!;
    diagonal[k] = reflector(v, k, rows);
    // A −= v (vᵀA), row by row
    products.fill(0);
    for (let i = k; i < rows; i++) {
      const vi = v[i]!;
      if (vi === 0) continue;
      const row = a.subarray(i * columns, i * columns + columns);
      for (let j = k + 1; j < columns; j++) products[j] = products[j]! + vi * row[j]!;
    }
    const firstRow = a.subarray(k * columns, k * columns + columns);
    for (let j = k + 1; j < columns; j++) firstRow[j] = firstRow[j]! - v[k]! * products[j]!;
    const u = Float64Array.from(firstRow);
    if (k < columns - 1) above[k] = reflector(u, k + 1, columns);
    // both reflections of the rows below in one pass: A −= v productsᵀ, then A −= (A u) uᵀ
    for (let i = k + 1; i < rows; i++) {
      const row = a.subarray(i * columns, i * columns + columns);
      const vi = v[i]!;
      let s = 0;
      for (let j = k + 1; j < columns; j++) {
        const value = row[j]! - vi * products[j]!;
        row[j] = value;
        s += value * u[j]!;
      }
      if (s !== 0) for (let j = k + 1; j < columns; j++) row[j] = row[j]! - s * u[j]!;
    }
  }
  return { diagonal, above };
}
