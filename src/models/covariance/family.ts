import type { Shape } from "../../graph/dtype.ts";
import type { Runner, Tensor } from "../../graph/tensor.ts";
import type { CentredSums } from "../../linalg/centredSums.ts";
import type { Rows } from "../../data/rows.ts";
import type { Gpu } from "../../program/gpu.ts";

/**
 * Which form covariances have: any matrix, one matrix that all components share, variances of the features, one variance, or
 * `rank` directions and noise: the same for every feature (probabilistic PCA), or one each (factor analysis).
 */
export type CovarianceKind = "full" | "tied" | "diag" | "spherical" | "low-rank" | "factor";

/** Tensors by name, as files name them. */
export interface Tensors {
  readonly [name: string]: Tensor;
}

/** Numbers by name, in float64. */
export interface Values {
  readonly [name: string]: Float64Array;
}

/** What a density needs besides the covariances, worked out once. */
export interface Whitening {
  /** Of each covariance, log |Σ_k|: [K]. */
  readonly logDet: Tensor;
  /** −1 each, or the pivot or feature at which a covariance is singular: [K], tied [1]. */
  readonly failed: Tensor;
  /** Inverse factors, reciprocal variances and the like. */
  readonly tensors: Tensors;
}

/** Weighted moments around the means of the step before: n [K], first [K, d], second by family. */
export interface Statistics {
  readonly n: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/**
 * Rows of which some entries are NaN, missing at random: what every component expects of them. With o the observed and h the missing features of a row,
 *
 *     E[c_h | c_o] = Σ_ho Σ_oo⁻¹ c_o,   Cov[c_h | c_o] = Σ_hh − Σ_ho Σ_oo⁻¹ Σ_oh,   c = x − μ
 *
 * Source: Ghahramani & Jordan, Supervised learning from incomplete data via an EM approach, NeurIPS 1993.
 */
export interface Incomplete {
  /** c_oᵀ Σ_oo⁻¹ c_o + log |Σ_oo| + |o| log 2π: −2 log of the density of what is observed, [n, K]. */
  readonly squares: Tensor;
  /** c with the missing entries at their expectation, [K, n, d]. */
  readonly centred: Tensor;
  /** Expected moments under responsibilities [n, K]. */
  statistics(responsibilities: Tensor): Statistics;
}

/** The M step's result: weights [K], means [K, d] and covariances. */
export interface Maximised {
  readonly weights: Tensor;
  readonly means: Tensor;
  readonly covariances: Tensors;
}

/** The state that statistics were gathered in. */
export interface EmState {
  readonly means: Tensor;
  readonly covariances: Tensors;
  readonly whitening: Tensors;
}

/** How a covariance came about, which decides the pivots that are no more than its rounding. */
export type Origin =
  /** Products in float64 of values in f32, whose own rounding is what is left of a zero. Means: [d]. */
  | { readonly kind: "samples"; readonly mean: ArrayLike<number> }
  /** Numbers with this unit of rounding. */
  | { readonly kind: "numbers"; readonly precision: number };

/** A square root of one covariance Σ and of Σ⁻¹, on the GPU. */
export interface Roots {
  readonly logDet: number;
  /** Rows of independent standard normals [n, d] → rows of covariance Σ. */
  colour(noise: Tensor): Tensor;
  /** The other way: rows c [n, d] → rows whose squared length is cᵀ Σ⁻¹ c. */
  whiten(centred: Tensor): Tensor;
  /** cᵀ Σ⁻¹ c of rows c [n, d]: [n]. */
  squaredDistances(centred: Tensor): Tensor;
  /** Σ = Σ_j wⱼwⱼᵀ + diag(noise), either of which may be absent: w [rank, d], noise [d]. */
  parts(): { readonly loadings: Tensor | null; readonly noise: Tensor | null };
  /** The diagonal of Σ⁻¹: [d]. */
  precisions(): Tensor;
  /** What it holds on the GPU, by name. */
  readonly tensors: Tensors;
}

/** What one covariance is estimated from. */
export interface Evidence {
  readonly where: string;
  /** With products where `needsProducts` said so, else with their diagonal alone. */
  readonly sums: CentredSums;
  /** n − ddof */
  readonly divisor: number;
  readonly rank: number;
  readonly regularization: number;
  /** How far a full covariance is drawn to (tr Σ / d)·I. */
  readonly shrinkage: number;
  /** The samples, where they are at hand. */
  readonly rows: Rows | null;
  readonly signal: AbortSignal | undefined;
  /** How the sums came about. */
  readonly origin: Origin;
  /** Weights of the rows. */
  readonly weights: Float32Array<ArrayBuffer> | undefined;
  /** Takes what the estimate has to say. */
  readonly warn: (warning: string) => void;
}

/**
 * One form that covariances may have. Its GPU functions take stacks of K covariances, for mixtures; a Gaussian is a stack of one.
 * `K`, `d` and `rank` are components, features and directions.
 */
export interface CovarianceFamily {
  readonly kind: CovarianceKind;
  /** Whether it has `rank` directions. */
  readonly ranked: boolean;
  /** Whether a step holds the difference of every row from every mean at once, [K, n, d]. */
  readonly keepsDifferences: boolean;
  /** Free parameters of K covariances. */
  parameterCount(k: number, d: number, rank: number): number;

  /** Shapes of K covariances by the names they have in files. */
  shapes(k: number, d: number, rank: number): { readonly [name: string]: Shape };
  /** Shapes of Whitening.tensors. */
  whiteningShapes(k: number, d: number, rank: number): { readonly [name: string]: Shape };
  /** Shape of Statistics.second. */
  secondShape(k: number, d: number, rank: number): Shape;
  whitening(covariances: Tensors, means: Tensor): Whitening;
  /** (x_i − μ_k)ᵀ Σ_k⁻¹ (x_i − μ_k) of rows x [n, d]: [n, K]. */
  squaredDistances(x: Tensor, state: EmState): Tensor;
  /** Moments of rows x [n, d] weighted by responsibilities [n, K]. */
  statistics(x: Tensor, responsibilities: Tensor, state: EmState): Statistics;
  /** What rows with missing entries (NaN) are expected to be. */
  incomplete(x: Tensor, state: EmState): Incomplete;
  /** What `second` would be of samples of total weight 1 drawn from the state, whose covariances hold `regularization`. */
  moments(state: EmState & { readonly weights: Tensor }, regularization: number): Tensor;
  /** Parameters of greatest likelihood, or nearer to it, given moments around the state's means. */
  maximise(statistics: Statistics, state: EmState, regularization: number): Maximised;
  /** The first M step, where the state's covariances say nothing yet. `probe` fills the whitening before its statistics are taken. */
  readonly first?: {
    probe(gpu: Runner, shapes: { readonly [name: string]: Shape }): Tensors;
    maximise(statistics: Statistics, state: EmState, regularization: number): Maximised;
  };
  /** n rows, each of the covariance that `draws.labels` names. */
  colour(covariances: Tensors, draws: Draws): Tensor;
  /** Matrices [K, d, d], tied ones [1, d, d]. */
  dense(covariances: Tensors, d: number): Tensor;
  /** The covariances of some of the features: indices u32 [m]. */
  marginal(covariances: Tensors, indices: Tensor): Tensors;
  /** Of the features `hidden`, given deviations c [K, n, o] of those `observed` from their means. */
  condition(
    covariances: Tensors,
    observed: Tensor,
    hidden: Tensor,
    centred: Tensor,
  ): { readonly shift: Tensor; readonly covariances: Tensors };

  /** Whether estimate() needs all products of d features. Absent: no Gaussian has this kind. */
  needsProducts?(d: number): boolean;
  /** The covariance of greatest likelihood, in float64. */
  estimate?(evidence: Evidence): Values | Promise<Values>;
  /** Throws LatentError where the values make no covariance. */
  roots?(
    where: string,
    gpu: Gpu,
    values: Values,
    d: number,
    origin: Origin,
    signal?: AbortSignal,
  ): Roots | Promise<Roots>;
}

/** What n draws are made of. */
export interface Draws {
  /** Standard normals [n, columns]; `name` tells those of one draw apart. */
  noise(columns: number, name?: "features" | "directions"): Tensor;
  /** d */
  readonly features: number;
  /** Component of each draw: u32 [n]. */
  readonly labels: Tensor;
  /** Each of n rows [n, m] times the transpose of its component's factor: factors [K, d, m] → [n, d]. */
  timesOwn(rows: Tensor, factors: Tensor, product: (rows: Tensor, factor: Tensor) => Tensor): Tensor;
}
