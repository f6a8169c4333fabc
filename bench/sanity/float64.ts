// The pairs again, in float64 on the CPU, all in one walk over the pairs of rows: an independent check, and what a machine without a GPU is quicker with.

import { logChoose, logGamma, median } from "../../src/metrics/statistics.ts";
import type { Rows } from "./draws.ts";
import type { Pair } from "./measures.ts";

/** Neighbours that are found of each row. */
const MOST = 5;

interface Neighbours {
  /** Squared distances [n, MOST], ascending, and which rows they are. */
  readonly squared: Float64Array;
  readonly indices: Uint32Array;
}

const countOf = ({ values, dim }: Rows): number => values.length / dim;

/** Squared distances of row i of a from all rows of b, in two sums that a CPU can add up at once. */
function fill(to: Float64Array, a: Rows, i: number, b: Rows): void {
  const { dim } = a;
  const [row, others] = [a.values.slice(i * dim, (i + 1) * dim), b.values];
  const even = dim - (dim % 2);
  for (let j = 0, at = 0; j < to.length; j++) {
    let first = 0;
    let second = 0;
    for (let c = 0; c < even; c += 2, at += 2) {
      const one = row[c]! - others[at]!;
      const two = row[c + 1]! - others[at + 1]!;
      first += one * one;
      second += two * two;
    }
    if (even < dim) first += (row[even]! - others[at++]!) ** 2;
    to[j] = first + second;
  }
}

/** The nearest other rows of each row, of equals the lower index. */
export function neighbours(a: Rows): Neighbours {
  const n = countOf(a);
  const [squared, indices] = [new Float64Array(n * MOST).fill(Infinity), new Uint32Array(n * MOST)];
  const row = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    fill(row, a, i, a);
    const last = (i + 1) * MOST - 1;
    for (let j = 0; j < n; j++) {
      const value = row[j]!;
      if (!(value < squared[last]!) || j === i) continue;
      let at = last;
      for (; at > i * MOST && value < squared[at - 1]!; at--) {
        squared[at] = squared[at - 1]!;
        indices[at] = indices[at - 1]!;
      }
      squared[at] = value;
      indices[at] = j;
    }
  }
  return { squared, indices };
}

const share = (counts: ArrayLike<number>): number =>
  Array.from(counts).filter((count) => count > 0).length / counts.length;
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** Every pair by its name, but those that are no counts of balls. */
export function pairsOf(real: Rows, generated: Rows, ofReal = neighbours(real)): { readonly [name: string]: Pair } {
  const [n, m] = [countOf(real), countOf(generated)];
  const ofGenerated = neighbours(generated);
  const radii = ({ squared }: Neighbours, k: number) =>
    Float64Array.from({ length: squared.length / MOST }, (_, i) => squared[i * MOST + k - 1]!);
  const [r3, r5] = [radii(ofReal, 3), radii(ofReal, 5)];
  const [g3, g5] = [radii(ofGenerated, 3), radii(ofGenerated, 5)];
  const reachOf = (of: Neighbours) => 1.2 * mean(radii(of, 4).map(Math.sqrt));
  const [realReach, generatedReach] = [reachOf(ofReal), reachOf(ofGenerated)];
  const limit = median(r5);
  const cut = r5.map((r) => Math.min(r, limit));

  const zeros = (count: number) => new Float64Array(count);
  const [precise, dense, clipped, inReal, holdsReal] = [m, m, m, m, m].map(zeros) as Float64Array[];
  const [recalled, covered, inGenerated, holds] = [n, n, n, n].map(zeros) as Float64Array[];
  const [missedReal, missedGenerated] = [zeros(n).fill(1), zeros(m).fill(1)];
  const row = zeros(m);
  for (let i = 0; i < n; i++) {
    fill(row, real, i, generated);
    for (let j = 0; j < m; j++) {
      const square = row[j]!;
      if (square <= r3[i]!) precise![j]!++;
      if (square <= g3[j]!) recalled![i]!++;
      if (square <= r5[i]!) {
        dense![j]!++;
        covered![i]!++;
      }
      if (square <= cut[i]!) clipped![j]!++;
      if (square < r5[i]!) {
        inReal![j]!++;
        holds![i]!++;
      }
      if (square < g5[j]!) {
        holdsReal![j]!++;
        inGenerated![i]!++;
      }
      const distance = Math.sqrt(square);
      if (distance < realReach) missedGenerated[j]! *= distance / realReach;
      if (distance < generatedReach) missedReal[i]! *= distance / generatedReach;
    }
  }

  const clip = (counts: Float64Array) => mean(counts.map((count) => Math.min(count / 5, 1)));
  const own = zeros(n);
  for (let i = 0; i < n; i++)
    for (let at = i * MOST; at < i * MOST + 5; at++) if (ofReal.squared[at]! <= cut[i]!) own[ofReal.indices[at]!]!++;
  return {
    precisionRecall: [share(precise!), share(recalled!)],
    densityCoverage: [mean(dense!) / 5, share(covered!)],
    clippedDensityCoverage: [Math.min(1, clip(clipped!) / clip(own)), calibrated(clip(holds!), n, m)],
    "symPrecision, symRecall": [
      Math.min(share(inReal!), share(holdsReal!)),
      Math.min(share(inGenerated!), share(holds!)),
    ],
    "P-precision, P-recall": [1 - mean(missedGenerated), 1 - mean(missedReal)],
  };
}

/** Share of s in 0 … m whose expectation of clipped coverage, E min(J, 5)/5 with J beta-binomial(s, 5, n − 5), is below `raw`. */
function calibrated(raw: number, n: number, m: number): number {
  const logBeta = (a: number, b: number) => logGamma(a) + logGamma(b) - logGamma(a + b);
  let below = 0;
  for (let s = 0; s <= m; s++) {
    let expected = s < 5 ? 0 : 1;
    for (let j = 0; j < 5 && s >= 5; j++)
      expected -= (1 - j / 5) * Math.exp(logChoose(s, j) + logBeta(j + 5, s - j + n - 5) - logBeta(5, n - 5));
    if (expected >= raw) break;
    below++;
  }
  return below / (m + 1);
}
