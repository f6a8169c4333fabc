import { eachBatch, gpuOf, type Rows, rowsAtOnce } from "../data/rows.ts";
import type { LongCall } from "../formats/call.ts";
import { add, mul, sub } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { sum } from "../graph/ops/sum.ts";
import { functionOf, product } from "../linalg/eigen.ts";
import type { Moments } from "../linalg/moments.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

const squareRoot = (value: number): number => Math.sqrt(Math.max(0, value));
/** 1/√λ, and 0 for what is rounding of a zero. */
const inverseRoot = (value: number, largest: number): number => (value > 1e-10 * largest ? 1 / Math.sqrt(value) : 0);

/** Features up to which an interval comes unasked. */
const UNASKED = 256;
/** Rows a feature from which the second order is all of the bias: below, intervals miss. */
const ROWS_A_FEATURE = 6;

/** What finite samples do to a Fréchet distance. */
export interface FrechetDeviation {
  /** By how much the distance is too large on average: for want of rows of the first set, and of the second. */
  readonly biases: readonly [number, number];
  /** Its standard error. */
  readonly deviation: number;
}

/** Whether an interval is found: where it was not refused, there are enough rows, and unasked only up to 256 features. */
export const hasInterval = (asked: boolean | undefined, d: number, counts: readonly number[]): boolean =>
  (asked ?? d <= UNASKED) && Math.min(...counts) >= ROWS_A_FEATURE * d;

/** The limits of a squared distance, from 0 on. */
export function limitsOf(value: number, deviation: number, level: number): readonly [number, number] {
  const [low, high] = normalInterval(value, deviation, level);
  return [Math.max(0, low), Math.max(0, high)];
}

/**
 * Bias and standard error of a Fréchet distance, by its first two derivatives. With T the optimal map of one Gaussian to the other,
 * T = Σ₂^½ (Σ₂^½ Σ₁ Σ₂^½)^{+½} Σ₂^½, a row x of the first set moves the distance by its influence, whose variance over the rows holds for any law;
 * the bias is the second derivative's mean for Gaussian features, with s the eigenvalues of (Σ₁Σ₂)^½ and g_ij = s_i s_j/(s_i + s_j):
 *
 *     influence  2 (μ₁ − μ₂)·(x − μ₁) + (x − μ₁)ᵀ(I − T)(x − μ₁),   var = Σ over both sets of Var(influence)/n
 *     bias_k     tr Σ_k/n_k + (Σ_ij g_ij + Σ_i g_ii)/2n_k
 *
 * O(d³) on the CPU, and the rows are read once more.
 */
export async function frechetDeviation(
  sets: readonly [Rows, Rows],
  moments: readonly [Moments, Moments],
  long: LongCall,
): Promise<FrechetDeviation> {
  const d = moments[0].dim;
  const [s1, s2] = [moments[0].covariance, moments[1].covariance];
  const gap = moments[0].mean.map((value, j) => value - moments[1].mean[j]!);
  const [ofFirst, ofSecond] = [slopeOf(s1, s2, d), slopeOf(s2, s1, d)];
  const opposite = gap.map((value) => -value);
  const variance =
    (await varianceOf(sets[0], moments[0].mean, ofFirst.slope, gap, long)) / sets[0].count +
    (await varianceOf(sets[1], moments[1].mean, ofSecond.slope, opposite, long)) / sets[1].count;
  const { roots } = ofFirst;
  let harmonic = 0;
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const both = roots[i]! + roots[j]!;
      if (both > 0) harmonic += ((i === j ? 2 : 1) * roots[i]! * roots[j]!) / both;
    }
  const biases = [s1, s2].map((s, k) => (traceOf(s, d) + harmonic / 2) / sets[k]!.count);
  return { biases: biases as [number, number], deviation: Math.sqrt(variance) };
}

/** I − T of the map from a Gaussian of covariance s to one of `other`, and the eigenvalues of (s · other)^½. */
function slopeOf(s: Float64Array, other: Float64Array, d: number) {
  const half = functionOf(other, d, squareRoot);
  const middle = product(product(half, s, d), half, d);
  const roots: number[] = [];
  const inverse = functionOf(middle, d, (value, largest) => {
    roots.push(squareRoot(value));
    return inverseRoot(value, largest);
  });
  const map = product(product(half, inverse, d), half, d);
  return { roots, slope: map.map((value, at) => (at % (d + 1) === 0 ? 1 : 0) - value) };
}

/** Variance over rows of 2 gap·(x − μ) + (x − μ)ᵀ slope (x − μ). */
async function varianceOf(
  rows: Rows,
  mean: Float64Array,
  slope: Float64Array,
  gap: Float64Array,
  { signal }: LongCall,
): Promise<number> {
  const d = rows.dim;
  const influence = new Float64Array(rows.count);
  await eachBatch(
    rows,
    rowsAtOnce(d, 4),
    async (batch, start) => {
      const gpu = gpuOf("frechetDistance", batch);
      const values = gpu.within(() => {
        const x = sub(batch, gpu.tensor(mean, [1, d]));
        const linear = gpu.tensor(
          gap.map((value) => 2 * value),
          [1, d],
        );
        return sum(mul(x, add(matmul(x, gpu.tensor(slope, [d, d])), linear)), 1);
      });
      influence.set(await values.read({ signal }).finally(() => values.dispose()), start);
    },
    signal,
  );
  return meanAndVariance(influence).variance;
}

/** The trace of a [d, d]. */
export function traceOf(a: Float64Array, d: number): number {
  let total = 0;
  for (let i = 0; i < d; i++) total += a[i * d + i]!;
  return total;
}
