import { uniform } from "./networks.ts";

/** Rows of the three sets. */
export const SIZES = { real: 201, generated: 173, "held out": 87 } as const;

/** Whole multiples of 2⁻¹² in [−½, ½). */
export const grid = (name: string, n: number): Float64Array =>
  uniform(name, n).map((value) => Math.floor(value * 4096) / 4096);

/** Rows [n, d] of three factors and noise, as wide.py has them; exact in float32. */
export function wideRows(name: keyof typeof SIZES, d: number, shift = 0): Float64Array {
  const n = SIZES[name];
  const [factors, noise] = [grid(`${name} factors`, 3 * n), grid(`${name} noise ${d}`, n * d)];
  return noise.map((value, at) => factors[3 * Math.floor(at / d) + ((at % d) % 3)]! + shift + value / 8);
}

/** Class of each row: its largest factor. */
export const wideLabels = (name: keyof typeof SIZES): number[] => {
  const factors = grid(`${name} factors`, 3 * SIZES[name]);
  return Array.from({ length: SIZES[name] }, (_, i) => {
    const row = factors.subarray(3 * i, 3 * i + 3);
    return row.indexOf(Math.max(...row));
  });
};

/** Class probabilities [n][classes]. */
export function wideShares(name: string, n: number, classes: number): number[][] {
  const logits = uniform(`${name} ${classes}`, n * classes);
  return Array.from({ length: n }, (_, i) => {
    const heights = Array.from(logits.subarray(i * classes, (i + 1) * classes), (value) => Math.exp(6 * value));
    const total = heights.reduce((a, b) => a + b, 0);
    return heights.map((height) => height / total);
  });
}
