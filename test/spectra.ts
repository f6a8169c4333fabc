/** Matrices whose spectra are known, in float64. */

/** k numbers from 1 down to `least`, by equal factors. */
export const graded = (k: number, least: number): Float64Array =>
  Float64Array.from({ length: k }, (_, i) => (k === 1 ? 1 : least ** (i / (k - 1))));

export const norm = (a: Float64Array): number => Math.sqrt(a.reduce((total, value) => total + value * value, 0));

/** a·b of a [rows, inner], b [inner, columns]. */
export function product(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++) c[i * columns + j]! += a[i * inner + k]! * b[k * columns + j]!;
  return c;
}

export const transposed = (a: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: a.length }, (_, at) => a[(at % rows) * columns + Math.floor(at / rows)]!);

/** An orthogonal matrix [n, n] with no zeros to speak of: two reflections, I − 2·w·wᵀ. */
export function orthogonal(n: number, seed: number): Float64Array {
  const reflection = (turn: number) => {
    const w = Float64Array.from({ length: n }, (_, i) => Math.sin(1 + turn * (i + 1) + i * i * 0.37));
    const squares = norm(w) ** 2;
    return Float64Array.from(
      { length: n * n },
      (_, at) => (at % (n + 1) === 0 ? 1 : 0) - (2 * w[Math.floor(at / n)]! * w[at % n]!) / squares,
    );
  };
  return product(reflection(seed + 0.7), reflection(2 * seed + 1.9), n, n, n);
}

/** q · diag λ · qᵀ, exactly symmetric. */
export function symmetric(q: Float64Array, lambda: Float64Array): Float64Array {
  const n = lambda.length;
  const scaled = q.map((value, at) => value * lambda[at % n]!);
  const a = product(scaled, transposed(q, n, n), n, n, n);
  return a.map((value, at) => (value + a[(at % n) * n + Math.floor(at / n)]!) / 2);
}

/** a = u · diag σ · vᵀ [m, n], and its polar factors u·vᵀ and v · diag σ · vᵀ. */
export function reflected(m: number, n: number, sigma: Float64Array) {
  const k = sigma.length;
  const leading = (q: Float64Array, size: number) =>
    Float64Array.from({ length: size * k }, (_, at) => q[Math.floor(at / k) * size + (at % k)]!);
  const [u, v] = [leading(orthogonal(m, 1), m), leading(orthogonal(n, 2), n)];
  const scaled = (q: Float64Array) => q.map((value, at) => value * sigma[at % k]!);
  const vt = transposed(v, n, k);
  return {
    a: product(scaled(u), vt, m, k, n),
    unitary: product(u, vt, m, k, n),
    positive: product(scaled(v), vt, n, k, n),
  };
}

/** What a tensor holds, in float64. */
export const values = async (x: { read(): Promise<ArrayLike<number>> }): Promise<Float64Array> =>
  Float64Array.from(await x.read());

/** |a − b| in the Frobenius norm. */
export const gap = (a: Float64Array, b: Float64Array): number => norm(a.map((value, i) => value - b[i]!));
