// What a curve of a measure over a sweep has to look like; the limits are those of Räisä et al. 2025 (arXiv 2505.22450).

import { quantile } from "../../src/metrics/statistics.ts";

/** Mean values of a measure over a sweep. */
export interface Curve {
  readonly xs: readonly number[];
  readonly values: readonly number[];
}

/** Passed, failed, or a free choice taken as low or as high. */
export type Verdict = "T" | "F" | "L" | "H";

/** A verdict, and by how much it holds (negative: by how much it fails). */
export interface Judged {
  readonly verdict: Verdict;
  readonly margin: number;
}
export type Criterion = (curve: Curve) => Judged;

const judged = (margin: number): Judged => ({ verdict: margin >= 0 ? "T" : "F", margin });
/** Values that come out of sums in float64 may stand a rounding beyond a limit. */
const least = (...margins: readonly number[]): Judged => judged(Math.min(...margins) + 1e-12);

/** The place of the x nearest to x₀. */
const place = ({ xs }: Curve, x0: number): number =>
  xs.reduce((best, x, at) => (Math.abs(x - x0) < Math.abs(xs[best]! - x0) ? at : best), 0);
const at = (curve: Curve, x0: number): number => curve.values[place(curve, x0)]!;
const first = (curve: Curve): number => curve.values[0]!;
const last = (curve: Curve): number => curve.values.at(-1)!;

/** v(x₀) in value ± by. */
export const near =
  (x0: number, value: number, by = 0.05): Criterion =>
  (curve) =>
    least(by - Math.abs(at(curve, x0) - value));
export const one = (x0: number): Criterion => near(x0, 1);
export const zero = (x0: number): Criterion => near(x0, 0);

/** A or B, as low or as high. */
export const either =
  (low: Criterion, high: Criterion): Criterion =>
  (curve) => {
    const [a, b] = [low(curve), high(curve)];
    if (a.verdict === "T") return { ...a, verdict: "L" };
    if (b.verdict === "T") return { ...b, verdict: "H" };
    return { verdict: "F", margin: Math.max(a.margin, b.margin) };
  };
/** One is high, zero is low. */
export const wide = (x0: number): Criterion => either(zero(x0), one(x0));

/** Highest at x₀, and 0.2 lower at both ends. */
export const bell =
  (x0: number): Criterion =>
  (curve) => {
    const [middle, low] = [at(curve, x0), Math.min(first(curve), last(curve))];
    const [top, bottom] = [Math.max(...curve.values), Math.min(...curve.values)];
    return least(middle - first(curve) - 0.2, middle - last(curve) - 0.2, 0.1 - (top - middle), 0.1 - (low - bottom));
  };
/** From the least to the most, 0.2 apart. */
export const up: Criterion = (curve) => {
  const [top, bottom] = [Math.max(...curve.values), Math.min(...curve.values)];
  return least(last(curve) - first(curve) - 0.2, 0.1 - (first(curve) - bottom), 0.1 - (top - last(curve)));
};
/** The same downwards; 0.1 of it at quantile q of x. */
export const down =
  (q?: number): Criterion =>
  (curve) => {
    const { margin } = up({ xs: curve.xs, values: curve.values.map((value) => -value) });
    const part = q === undefined ? margin : first(curve) - at(curve, quantile(curve.xs, q)) - 0.1;
    return least(margin, part);
  };
/** Within 0.05. */
export const flat: Criterion = ({ values }) => least(0.05 - (Math.max(...values) - Math.min(...values)));
/** Flat from the median x on. */
export const settles: Criterion = ({ xs, values }) =>
  flat({ xs, values: values.filter((_, i) => xs[i]! >= quantile(xs, 0.5)) });
/** All of several. */
export const all =
  (...criteria: readonly Criterion[]): Criterion =>
  (curve) =>
    together(criteria.map((criterion) => criterion(curve)));

/** One verdict of several: all must pass, and low and high do not mix. */
export function together(found: readonly Judged[]): Judged {
  const margin = Math.min(...found.map((one) => one.margin));
  const kinds = new Set(found.map(({ verdict }) => verdict));
  if (kinds.has("F") || (kinds.has("L") && kinds.has("H"))) return { verdict: "F", margin };
  return { verdict: kinds.has("L") ? "L" : kinds.has("H") ? "H" : "T", margin };
}
