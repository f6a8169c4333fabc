// The mixtures whose EM is timed: rows from known components, and parameters to start from.

import type { MixtureStart } from "../../src/index.ts";
import { normals, uniforms } from "../random.ts";

/** What is fitted to how many rows. */
export interface EmCase {
  readonly rows: number;
  readonly features: number;
  readonly components: number;
  readonly covariance: "full" | "diag" | "low-rank";
  /** Directions of "low-rank", else 0. */
  readonly rank: number;
}

/** The sizes that `npm run bench -- --em` times. */
export const emCases: readonly EmCase[] = [
  { rows: 100_000, features: 30, components: 30, covariance: "full", rank: 0 },
  { rows: 60_000, features: 784, components: 50, covariance: "diag", rank: 0 },
  { rows: 60_000, features: 784, components: 50, covariance: "low-rank", rank: 10 },
];

export const emCaseName = ({ rows, features, components, covariance, rank }: EmCase): string =>
  `${rows}×${features}, ${components} components, ${covariance}${rank ? ` ${rank}` : ""}`;

/**
 * Operations of the products that an iteration cannot do without, two for a multiply-add: squared distances of n rows from K means, and
 * the sums of the M step.
 *
 *     diag 8·n·K·d,   full 4·n·K·d²,   low-rank 4·n·K·d·(rank + 2)
 */
export function emFlops({ rows, features: d, components, covariance, rank }: EmCase): number {
  const perPair = { diag: 8 * d, full: 4 * d * d, "low-rank": 4 * d * (rank + 2) }[covariance];
  return rows * components * perPair;
}

/** Numbers of the start, flat. */
export interface EmStart {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly means: Float32Array<ArrayBuffer>;
  /** [K, d, d], [K, d], or none beside loadings. */
  readonly covariances?: Float32Array<ArrayBuffer>;
  /** [K, d, rank] */
  readonly loadings?: Float32Array<ArrayBuffer>;
  /** [K] */
  readonly noise?: Float32Array<ArrayBuffer>;
}

/**
 * Rows [n, d] of unit variance around K centres, some four standard deviations apart, so that rows belong to several; the start is near
 * the centres, with variances of 1.5.
 */
export function emInputs({ rows, features: d, components: k, covariance, rank }: EmCase): {
  x: Float32Array<ArrayBuffer>;
  start: EmStart;
} {
  const [uniform, normal] = [uniforms(1), normals(2)];
  const reach = 4 / Math.sqrt((2 * d) / 3);
  const centres = Float32Array.from({ length: k * d }, () => reach * (2 * uniform() - 1));
  const x = new Float32Array(rows * d);
  for (let i = 0; i < rows; i++) {
    const first = (i % k) * d;
    for (let j = 0; j < d; j++) x[i * d + j] = centres[first + j]! + normal();
  }
  const means = centres.map((value) => value + 0.3 * reach * (2 * uniform() - 1));
  const weights = new Float32Array(k).fill(1 / k);
  if (covariance === "diag") return { x, start: { weights, means, covariances: new Float32Array(k * d).fill(1.5) } };
  if (covariance === "low-rank") {
    const loadings = Float32Array.from({ length: k * d * rank }, () => (2 * uniform() - 1) / Math.sqrt(d));
    return { x, start: { weights, means, loadings, noise: new Float32Array(k).fill(1.5) } };
  }
  const covariances = Float32Array.from({ length: k * d * d }, (_, at) => ((at % (d * d)) % (d + 1) === 0 ? 1.5 : 0));
  return { x, start: { weights, means, covariances } };
}

/** The start as `GaussianMixture.fit` takes it. */
export const mixtureStart = ({ weights, means, covariances, loadings, noise }: EmStart): MixtureStart => ({
  weights,
  means,
  covariances: covariances ?? { loadings: loadings!, noise: noise! },
});
