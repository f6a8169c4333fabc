import { functionOf, product, symmetricEigen } from "../linalg/eigen.ts";

const squareRoot = (value: number): number => Math.sqrt(Math.max(0, value));
/** 1/√λ, and 0 for what is rounding of a zero. */
const inverseRoot = (value: number, largest: number): number => (value > 1e-10 * largest ? 1 / Math.sqrt(value) : 0);

/** What finite samples do to a Fréchet distance. */
export interface FrechetDeviation {
  /** By how much the distance is too large on average: for want of rows of the first set, and of the second. */
  readonly biases: readonly [number, number];
  /** Its standard error. */
  readonly deviation: number;
}

/**
 * Bias and standard error of a Fréchet distance by the delta method, for Gaussian features. With T the optimal map of one Gaussian to the other,
 * T = Σ₂^½ (Σ₂^½ Σ₁ Σ₂^½)^{+½} Σ₂^½, the distance changes by 2 (μ₁ − μ₂)·dμ₁ + tr((I − T) dΣ₁) to first order. With s the eigenvalues of (Σ₁Σ₂)^½,
 * g_ij = s_i s_j/(s_i + s_j) and c = 1/n₁ + 1/n₂, the second order has a mean and a variance of its own, which is all there is where both laws are one:
 *
 *     bias_k  tr Σ_k/n_k + (Σ_ij g_ij + Σ_i g_ii)/2n_k
 *     var     Σ over both sets of (4 δᵀΣδ + 2 tr(((I − T)Σ)²))/n  +  2 tr((Σ₁/n₁ + Σ₂/n₂)²)  +  c² (Σ_ij g_ij² + Σ_i g_ii²)
 *
 * s1, s2: [d, d] in float64; gap: [d]. Right where n is well above d. O(d³) on the CPU.
 */
export function frechetDeviation(
  s1: Float64Array,
  s2: Float64Array,
  gap: Float64Array,
  d: number,
  [n1, n2]: readonly [number, number],
): FrechetDeviation {
  const firstOrder = (s: Float64Array, other: Float64Array, n: number) => {
    const half = functionOf(other, d, squareRoot);
    const middle = product(product(half, s, d), half, d);
    const map = product(product(half, functionOf(middle, d, inverseRoot), d), half, d);
    const moved = product(
      map.map((value, at) => (at % (d + 1) === 0 ? 1 : 0) - value),
      s,
      d,
    );
    let variance = 0;
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        variance += 4 * gap[i]! * s[i * d + j]! * gap[j]! + 2 * moved[i * d + j]! * moved[j * d + i]!;
    return { middle, variance: Math.max(0, variance) / n };
  };
  const [{ middle, variance: ofFirst }, { variance: ofSecond }] = [firstOrder(s1, s2, n1), firstOrder(s2, s1, n2)];
  const roots = symmetricEigen(middle, d).values.map(squareRoot);
  let [sum, squares] = [0, 0];
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const g = roots[i]! > 0 && roots[j]! > 0 ? (roots[i]! * roots[j]!) / (roots[i]! + roots[j]!) : 0;
      sum += i === j ? 2 * g : g;
      squares += (i === j ? 2 : 1) * g * g;
    }
  let [trace1, trace2, ofMeans] = [0, 0, 0];
  for (let at = 0; at < d * d; at++) {
    ofMeans += 2 * (s1[at]! / n1 + s2[at]! / n2) ** 2;
    if (at % (d + 1) !== 0) continue;
    trace1 += s1[at]!;
    trace2 += s2[at]!;
  }
  const secondOrder = ofMeans + (1 / n1 + 1 / n2) ** 2 * squares;
  return {
    biases: [(trace1 + sum / 2) / n1, (trace2 + sum / 2) / n2],
    deviation: Math.sqrt(ofFirst + ofSecond + secondOrder),
  };
}
