import { check, checkOptions } from "../device/errors.ts";
import { Moments } from "../linalg/moments.ts";
import type { Samples } from "../linalg/rows.ts";
import { semidefiniteFactor } from "../linalg/semidefinite.ts";
import { singularValues } from "../linalg/singular.ts";

export interface FrechetDistance {
  /** meanTerm + traceTerm: the squared 2-Wasserstein distance of the two Gaussians, which is what tables report as FID. */
  readonly distance: number;
  /** |μ₁ − μ₂|² */
  readonly meanTerm: number;
  /** tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ */
  readonly traceTerm: number;
  /** Numerical ranks of Σ₁ and Σ₂. */
  readonly ranks: readonly [number, number];
  readonly warnings: readonly string[];
}

/** A trace term below −this part of tr Σ₁ + tr Σ₂ is more than rounding. */
const ROUNDING = 1e-6;

/**
 * Fréchet distance of the Gaussians with the moments of a and b:  |μ₁ − μ₂|² + tr (Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½),  Σ with divisor n − 1.
 *
 * tr (Σ₁Σ₂)^½ is the sum of the singular values of L₁ᵀL₂, where Σ = L·Lᵀ: no product of covariances, no complex numbers, and
 * singular covariances (fewer samples than features) have a factor, too. Factors by Cholesky with pivoting, singular values
 * by bidiagonalisation, float64 on the CPU; features that go together in neither covariance are treated apart. Call it FID
 * only with Inception-v3 features. Source: Dowson & Landau 1982; the trace as in Mathiasen & Hvilshøj 2020.
 *
 * a, b: Moments, tensors [n, d], data sets or sources of rows. Throws LatentError: "data" with fewer than two samples,
 * "shape" where features differ in number.
 */
export async function frechetDistance(
  a: Moments | Samples,
  b: Moments | Samples,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FrechetDistance> {
  const where = "frechetDistance";
  checkOptions(where, options, ["signal"]);
  const [first, second] = [await momentsOf(a, options), await momentsOf(b, options)];
  check(
    first.dim === second.dim,
    "shape",
    where,
    () => `features differ in number. Expected as many in both; got ${first.dim} and ${second.dim}.`,
  );
  for (const { count } of [first, second])
    check(count >= 2, "data", where, () => `too few samples. Expected at least 2 in each set; got ${count}.`);
  const d = first.dim;
  const [s1, s2] = [first.covariance, second.covariance];
  const [m1, m2] = [first.mean, second.mean];
  const meanTerm = m1.reduce((total, value, j) => total + (value - m2[j]!) ** 2, 0);
  const traces = trace(s1, d) + trace(s2, d);
  const root = traceOfRoot(s1, s2, d, [first.precision, second.precision]);
  const raw = traces - 2 * root.value - root.residual;
  const warnings = [first, second].flatMap(({ count }, i) =>
    count <= d
      ? [
          `set ${i + 1} has ${count} samples for ${d} features: its covariance has rank ${root.ranks[i]} at most, and the distance is biased upwards.`,
        ]
      : [],
  );
  if (raw < -ROUNDING * traces)
    warnings.push(
      `the trace term came out as ${raw}, which is more than rounding; a covariance is not positive semidefinite.`,
    );
  const traceTerm = Math.max(0, raw);
  return { distance: meanTerm + traceTerm, meanTerm, traceTerm, ranks: root.ranks, warnings };
}

const momentsOf = async (x: Moments | Samples, options: { readonly signal?: AbortSignal }): Promise<Moments> =>
  x instanceof Moments ? x : Moments.of(x, options);

const trace = (a: Float64Array, d: number): number =>
  Array.from({ length: d }, (_, i) => a[i * d + i]!).reduce((sum, value) => sum + value, 0);

/** tr (Σ₁Σ₂)^½, the ranks, and what the factors left out of both traces. */
function traceOfRoot(
  s1: Float64Array,
  s2: Float64Array,
  d: number,
  precisions: readonly [number, number],
): { value: number; ranks: [number, number]; residual: number } {
  let value = 0;
  let residual = 0;
  const ranks: [number, number] = [0, 0];
  const most = [s1, s2].map((s) => s.reduce((m, v) => Math.max(m, Math.abs(v)), 0));
  for (const group of groups(s1, s2, d)) {
    const n = group.length;
    const factors = [s1, s2].map((s, which) => {
      const part = pickBlock(s, group, d);
      const largest = part.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      // zero is judged against the whole matrix: a group of its own may be nothing but rounding
      return largest === 0
        ? { factor: new Float64Array(), rank: 0, residual: 0 }
        : semidefiniteFactor(part, n, (d * precisions[which]! * most[which]!) / largest);
    });
    const [f1, f2] = factors as [(typeof factors)[0], (typeof factors)[0]];
    ranks[0] += f1.rank;
    ranks[1] += f2.rank;
    residual += f1.residual + f2.residual;
    if (f1.rank === 0 || f2.rank === 0) continue;
    for (const sigma of singularValues(crossProduct(f1.factor, f1.rank, f2.factor, f2.rank, n), f1.rank, f2.rank))
      value += sigma;
  }
  return { value, ranks, residual: Math.min(residual, 0) };
}

/** Features joined by a nonzero entry of either matrix: the root of a block matrix is taken block by block. */
function groups(s1: Float64Array, s2: Float64Array, d: number): number[][] {
  const parent = Int32Array.from({ length: d }, (_, i) => i);
  const home = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!;
    return i;
  };
  for (let i = 0; i < d; i++)
    for (let j = 0; j < i; j++) if (s1[i * d + j] !== 0 || s2[i * d + j] !== 0) parent[home(i)] = home(j);
  const members = new Map<number, number[]>();
  for (let i = 0; i < d; i++) {
    const own = members.get(home(i));
    if (own) own.push(i);
    else members.set(home(i), [i]);
  }
  return [...members.values()];
}

function pickBlock(s: Float64Array, group: readonly number[], d: number): Float64Array {
  const n = group.length;
  if (n === d) return s;
  return Float64Array.from({ length: n * n }, (_, at) => s[group[Math.floor(at / n)]! * d + group[at % n]!]!);
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
