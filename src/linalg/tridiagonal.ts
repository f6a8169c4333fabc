/**
 * Symmetric eigenvalues in float64 on the CPU: Householder tridiagonalisation, then implicit QL.
 * source: Golub & Van Loan, Matrix Computations, 8.3; Wilkinson & Reinsch, Handbook for Automatic Computation II, 1971
 */

/** A symmetric tridiagonal matrix; `below[i]` couples i and i + 1. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly below: Float64Array;
}

/**
 * Reduces symmetric a [n, n] (overwritten) to tridiagonal form, QᵀaQ. The Householder vector of step k is left in row k,
 * columns k + 1 and on, scaled so that the reflection is I − v·vᵀ.
 */
export function tridiagonalise(a: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const below = new Float64Array(Math.max(0, n - 1));
  const w = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    diagonal[k] = a[k * n + k]!;
    if (k === n - 1) break;
    const v = a.subarray(k * n, k * n + n);
    below[k] = reflector(v, k + 1, n);
    // p = A v over what is left, row by row; A is kept whole, so that rows are contiguous
    let dot = 0;
    for (let i = k + 1; i < n; i++) {
      const row = a.subarray(i * n, i * n + n);
      let s = 0;
      for (let j = k + 1; j < n; j++) s += row[j]! * v[j]!;
      w[i] = s;
      dot += s * v[i]!;
    }
    for (let i = k + 1; i < n; i++) w[i] = w[i]! - 0.5 * dot * v[i]!;
    for (let i = k + 1; i < n; i++) {
      const row = a.subarray(i * n, i * n + n);
      const [vi, wi] = [v[i]!, w[i]!];
      if (vi === 0 && wi === 0) continue;
      for (let j = k + 1; j < n; j++) row[j] = row[j]! - vi * w[j]! - wi * v[j]!;
    }
  }
  return { diagonal, below };
}

/** Turns x[first…end) into v with (I − v·vᵀ)·x = β·e_first; returns β. v is 0 where x is already such a multiple. */
export function reflector(x: Float64Array, first: number, end: number): number {
  let largest = 0;
  for (let j = first; j < end; j++) largest = Math.max(largest, Math.abs(x[j]!));
  let rest = 0;
  for (let j = first + 1; j < end; j++) rest += (x[j]! / largest) ** 2;
  const head = x[first]!;
  if (largest === 0 || rest === 0) {
    x.fill(0, first, end);
    return head;
  }
  const length = largest * Math.sqrt(rest + (head / largest) ** 2);
  const beta = head > 0 ? -length : length;
  const scale = Math.sqrt(length * (length + Math.abs(head)));
  x[first] = (head - beta) / scale;
  for (let j = first + 1; j < end; j++) x[j] = x[j]! / scale;
  return beta;
}

/** The orthogonal matrix of `tridiagonalise`, transposed, from the vectors it left in `a`: row i of the result is column i of Q. */
export function reflections(a: Float64Array, n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let k = n - 2; k >= 0; k--) {
    const v = a.subarray(k * n, k * n + n);
    for (let i = k + 1; i < n; i++) {
      const row = q.subarray(i * n, i * n + n);
      let s = 0;
      for (let j = k + 1; j < n; j++) s += row[j]! * v[j]!;
      if (s !== 0) for (let j = k + 1; j < n; j++) row[j] = row[j]! - s * v[j]!;
    }
  }
  return q;
}

/**
 * Eigenvalues of a tridiagonal matrix by QL with implicit shifts, ascending. `rows` [n, n], if given, is multiplied by the
 * rotations from the left, so that it comes back with an eigenvector in each row, in the order of the values.
 *
 * |error| is a few units of rounding of the largest eigenvalue.
 */
export function tridiagonalEigenvalues({ diagonal, below }: Tridiagonal, rows?: Float64Array): Float64Array {
  const n = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = new Float64Array(n);
  e.set(below.subarray(0, Math.max(0, n - 1)));
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (
        m < n - 1 &&
        Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!)) &&
        Math.abs(e[m]!) > 1e-300
      )
        m++;
      if (m === l || sweep === 60) break;
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] = d[i + 1]! - p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (rows) rotate(rows, n, i, s, c);
      }
      if (r === 0 && i >= l) continue;
      d[l] = d[l]! - p;
      e[l] = g;
      e[m] = 0;
    }
  }
  const order = Array.from(d.keys()).sort((i, j) => d[i]! - d[j]!);
  if (rows) {
    const copy = Float64Array.from(rows);
    for (const [to, from] of order.entries()) rows.set(copy.subarray(from * n, from * n + n), to * n);
  }
  return Float64Array.from(order, (i) => d[i]!);
}

function rotate(rows: Float64Array, n: number, i: number, s: number, c: number): void {
  const [upper, lower] = [rows.subarray(i * n, i * n + n), rows.subarray((i + 1) * n, (i + 2) * n)];
  for (let k = 0; k < n; k++) {
    const f = lower[k]!;
    lower[k] = s * upper[k]! + c * f;
    upper[k] = c * upper[k]! - s * f;
  }
}

/** Eigenvalues, ascending, of symmetric a [n, n], in float64. */
export const eigenvalues = (a: Float64Array, n: number): Float64Array =>
  tridiagonalEigenvalues(tridiagonalise(Float64Array.from(a), n));

/** Eigenvalues of symmetric a [n, n] (overwritten), ascending, and an eigenvector in each row. */
export function eigenpairs(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const form = tridiagonalise(a, n);
  const vectors = reflections(a, n);
  return { values: tridiagonalEigenvalues(form, vectors), vectors };
}
