import { LOG_TWO_PI } from "../graph/logTwoPi.ts";

/** log Γ(x), x > 0 (Lanczos, g = 7): 1e-14 relative. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const c = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const z = x - 1;
  const sum = c.slice(1).reduce((total, value, i) => total + value / (z + i + 1), c[0]!);
  const t = z + 7.5;
  return 0.5 * LOG_TWO_PI + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** ψ(x) = d/dx log Γ(x), x > 0: recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.3.18): 1e-14. */
export function digamma(x: number): number {
  let [at, shift] = [x, 0];
  for (; at < 10; at++) shift -= 1 / at;
  const r = 1 / (at * at);
  const series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - (r * 691) / 32760)))));
  return shift + Math.log(at) - 0.5 / at - series;
}
