import { functionOf, product } from "../linalg/eigen.ts";

const squareRoot = (value: number): number => Math.sqrt(Math.max(0, value));
/** 1/√λ, and 0 for what is rounding of a zero. */
const inverseRoot = (value: number, largest: number): number => (value > 1e-10 * largest ? 1 / Math.sqrt(value) : 0);

/**
 * Standard error of a Fréchet distance by the delta method. With T the optimal map of one Gaussian to the other,
 * T = Σ₂^½ (Σ₂^½ Σ₁ Σ₂^½)^{+½} Σ₂^½, the distance changes by 2 (μ₁ − μ₂)·dμ₁ + tr((I − T) dΣ₁), and for Gaussian features
 *
 *     var = Σ over both sets of (4 δᵀΣδ + 2 tr(((I − T)Σ)²)) / n
 *
 * s1, s2: [d, d] in float64; gap: [d]. 0 where both are equal: there the distance is of second order.
 */
export function frechetDeviation(
  s1: Float64Array,
  s2: Float64Array,
  gap: Float64Array,
  d: number,
  [n1, n2]: readonly [number, number],
): number {
  const one = (s: Float64Array, other: Float64Array, n: number): number => {
    const half = functionOf(other, d, squareRoot);
    const middle = functionOf(product(product(half, s, d), half, d), d, inverseRoot);
    const map = product(product(half, middle, d), half, d);
    const slope = map.map((value, at) => (at % (d + 1) === 0 ? 1 : 0) - value);
    const moved = product(slope, s, d);
    let variance = 0;
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        variance += 4 * gap[i]! * s[i * d + j]! * gap[j]! + 2 * moved[i * d + j]! * moved[j * d + i]!;
    return Math.max(0, variance) / n;
  };
  return Math.sqrt(one(s1, s2, n1) + one(s2, s1, n2));
}
