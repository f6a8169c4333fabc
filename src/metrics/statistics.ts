import { logGamma } from "../models/gammaFunction.ts";

export { logGamma };

/** log of n over k. */
export const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** Regularised incomplete gamma function P(a, x): its series below a + 1, a continued fraction above. */
function gammaP(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; Math.abs(term) > sum * 1e-17; n++) sum += term *= x / (a + n);
    return sum * front;
  }
  let [b, c] = [x + 1 - a, 1e300];
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 1000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return 1 - front * h;
}

/** P(Z > z) of a standard normal, right in both tails. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const half = (z * z) / 2;
  if (half < 1.5) return 0.5 - 0.5 * gammaP(0.5, half);
  // the continued fraction itself, so that a small tail is no difference of ones
  let [b, c] = [half + 0.5, 1e300];
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 2000; i++) {
    const an = -i * (i - 0.5);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return 0.5 * Math.exp(-half + 0.5 * Math.log(half) - logGamma(0.5)) * h;
}

/** Root of an increasing function by bisection. */
function inverse(increasing: (x: number) => number, target: number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let i = 0; i < 200 && b - a > 1e-15 * Math.max(1, Math.abs(a)); i++) {
    const mid = 0.5 * (a + b);
    if (increasing(mid) < target) a = mid;
    else b = mid;
  }
  return 0.5 * (a + b);
}

/** z with P(Z ≤ z) = p. */
export const normalQuantile = (p: number): number => inverse((z) => 1 - normalTail(z), p, -40, 40);

/** Regularised incomplete beta function I_x(a, b) by its continued fraction. */
export function betaI(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaI(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let [c, d] = [1, 1 / (1 - ((a + b) * x) / (a + 1))];
  let h = d;
  for (let m = 1; m < 1000; m++) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      h *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front * h;
}

/** t with P(T ≤ t) = p of Student's t, p > ½. */
export const studentQuantile = (p: number, degrees: number): number =>
  inverse((t) => 1 - 0.5 * betaI(degrees / (degrees + t * t), degrees / 2, 0.5), p, 0, 1e6);

/** Exact limits of a Poisson mean after `count` events (Garwood 1936): the upper one too where there were none. */
export function poissonLimits(count: number, level: number): readonly [number, number] {
  const tail = 0.5 - level / 2;
  const limit = (shape: number, p: number) => inverse((x) => gammaP(shape, x), p, 0, 10 * shape + 100);
  return [count > 0 ? limit(count, tail) : 0, limit(count + 1, 1 - tail)];
}

/** Wilson's limits of a share of n independent rows: of use at 0 and 1 as well (Wilson 1927). */
export function shareLimits(share: number, n: number, level: number): readonly [number, number] {
  const z = normalQuantile(0.5 + level / 2);
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const reach = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}

/** P(X ≥ k) of a binomial. */
export const binomialTail = (k: number, n: number, p: number): number => (k <= 0 ? 1 : betaI(p, k, n - k + 1));

/** Mean, and variance with divisor n − 1 (0 for one value). The mean of counts is their sum over n, to the last bit. */
export function meanAndVariance(values: ArrayLike<number>): { mean: number; variance: number } {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return { mean, variance: n > 1 ? squares / (n - 1) : 0 };
}

/** The least and the most that a number can be; rounding may leave the number itself a little beyond. */
export type Range = readonly [least: number, most: number];
export const ANY: Range = [-Infinity, Infinity];
export const NOT_NEGATIVE: Range = [0, Infinity];
export const SHARE: Range = [0, 1];
/** An effective number of things. */
export const AT_LEAST_ONE: Range = [1, Infinity];

/** value ± z·deviation at the level, as far as the value's range goes. */
export function normalInterval(
  value: number,
  deviation: number,
  level: number,
  [least, most]: Range = ANY,
): readonly [number, number] {
  const z = normalQuantile(0.5 + level / 2);
  const limited = (limit: number) => Math.min(most, Math.max(least, limit));
  return [limited(value - z * deviation), limited(value + z * deviation)];
}

/** The quantile at a share of sorted values, which may be infinite, linear between them, as NumPy's default. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const [below, above] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  // between equal ones, or at one, there is nothing to add: ∞ − ∞ would be no number
  return at === low || below === above ? below : below + (at - low) * (above - below);
}

/** The middle one of sorted copies. */
export const median = (values: ArrayLike<number>): number => quantile(Float64Array.from(values).sort(), 0.5);
