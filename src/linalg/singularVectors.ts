import { transposed } from "./transposed.ts";
import { eigenpairs } from "./tridiagonal.ts";

/** Columns shorter than this part of the largest have no direction of their own: float64 leaves √2⁻⁵³ of a squared matrix. */
const SHORT = 1e-10;

/** u [rows, k], s [k] descending, vh [k, columns], k the smaller of rows and columns. */
export interface SingularVectors {
  readonly u: Float64Array;
  readonly s: Float64Array;
  readonly vh: Float64Array;
}

/**
 * a [rows, columns] = u · diag(s) · vh in float64 on the CPU, for rows ≥ columns or not: v are eigenvectors of aᵀa, and u are the columns of
 * a·v made orthogonal, the longest first. So u and v are orthogonal to rounding whatever the rank, |a·v − u·s| stays below 1e-8 of the
 * largest value, and so do the errors of s.
 */
export function singularVectors(a: Float64Array, rows: number, columns: number): SingularVectors {
  if (rows < columns) {
    const { u, s, vh } = singularVectors(transposed(a, rows, columns), columns, rows);
    return { u: transposed(vh, rows, rows), s, vh: transposed(u, columns, rows) };
  }
  const { vectors } = eigenpairs(gramOf(a, rows, columns), columns);
  // images a·v of the eigenvectors, each a row
  const images = Array.from({ length: columns }, (_, k) => times(a, rows, columns, vectors.subarray(k * columns)));
  const lengths = images.map(lengthOf);
  const order = [...lengths.keys()].sort((i, j) => lengths[j]! - lengths[i]!);
  const least = SHORT * (lengths[order[0] ?? 0] ?? 0);
  const [u, vh] = [new Float64Array(rows * columns), new Float64Array(columns * columns)];
  const found: Float64Array[] = [];
  let unit = 0;
  for (const [k, from] of order.entries()) {
    let direction = images[from]!;
    if (!(orthogonalised(direction, found) > least)) {
      // any direction that is left
      do {
        direction = new Float64Array(rows);
        direction[unit++ % rows] = 1;
      } while (orthogonalised(direction, found) < 0.5 / Math.sqrt(rows));
    }
    const length = lengthOf(direction);
    for (let i = 0; i < rows; i++) u[i * columns + k] = direction[i] = direction[i]! / length;
    found.push(direction);
    vh.set(vectors.subarray(from * columns, (from + 1) * columns), k * columns);
  }
  return { u, s: Float64Array.from(order, (from) => lengths[from]!), vh };
}

/** Takes what lies along the directions, each of length 1, out of x, twice; its length then. */
function orthogonalised(x: Float64Array, directions: readonly Float64Array[]): number {
  for (let pass = 0; pass < 2; pass++)
    for (const d of directions) {
      let along = 0;
      for (let i = 0; i < x.length; i++) along += x[i]! * d[i]!;
      if (along !== 0) for (let i = 0; i < x.length; i++) x[i] = x[i]! - along * d[i]!;
    }
  return lengthOf(x);
}

function lengthOf(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * x[i]!;
  return Math.sqrt(sum);
}

/** aᵀa. */
function gramOf(a: Float64Array, rows: number, columns: number): Float64Array {
  const gram = new Float64Array(columns * columns);
  for (let r = 0; r < rows; r++) {
    const row = a.subarray(r * columns, (r + 1) * columns);
    for (let i = 0; i < columns; i++) {
      const value = row[i]!;
      if (value !== 0)
        for (let j = 0; j < columns; j++) gram[i * columns + j] = gram[i * columns + j]! + value * row[j]!;
    }
  }
  return gram;
}

/** a·v. */
function times(a: Float64Array, rows: number, columns: number, v: Float64Array): Float64Array {
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += a[i * columns + j]! * v[j]!;
    y[i] = sum;
  }
  return y;
}
