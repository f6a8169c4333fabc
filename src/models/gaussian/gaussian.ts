import { check, checkOptions, present } from "../../device/errors.ts";
import { checkCall } from "../../formats/call.ts";
import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { type Draw, drawNormal } from "../../data/streams.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { Moments } from "../../linalg/moments.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import { gpuOf, gpuOfRows, rowsOf, type Samples, tensorRows } from "../../data/rows.ts";
import { ones, zeros } from "../../linalg/matrix.ts";
import { checkSymmetric } from "../../linalg/symmetric.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { Conditional, type ConditionalOptions } from "../covariance/conditional.ts";
import { familyOf } from "../covariance/families.ts";
import { modelFile } from "../covariance/file.ts";
import type { CovarianceFamily, Roots, Tensors } from "../covariance/family.ts";
import { rootsFrom } from "../covariance/roots.ts";
import { type Components, imputed, incompleteJoint, inSteps } from "../covariance/step.ts";
import { meanLogProb } from "../logProb.ts";
import { checkMissing, type Missing, type MissingCall } from "../observed.ts";
import { parseGaussian, shapesOf } from "./file.ts";
import { type Estimate, estimateOf, estimateOfSums } from "./fit.ts";
import { gaussianOptions, type GaussianKind, type GaussianOptions } from "./options.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/**
 * A normal distribution on [d].
 *
 *     log p(x) = −½ ( (x − μ)ᵀ Σ⁻¹ (x − μ) + log |Σ| + d log 2π ),   in nats
 *
 * `mean` [d]; `covariance` [d, d] (full, low-rank, factor), [d] (diag) or [] (spherical). Those of `rank` directions are stored and
 * used as loadings W [d, rank] and noise, Σ = W·Wᵀ + noise: memory and time grow with d · rank.
 *
 *     const model = await Gaussian.fit(gpu.tensor([[0, 0], [2, 1], [1, 3]]));
 *     const density = await model.logProb(gpu.tensor([[1, 1]])).item();
 */
export class Gaussian {
  /** Which kind of covariance it has. */
  readonly kind: GaussianKind;
  /** The mean, a tensor [d]. */
  readonly mean: Tensor;
  /** What its file holds of the covariance: `covariance`, or `loadings` and `noise`. */
  readonly parameters: Tensors;
  /** log |Σ| */
  readonly logDet: number;
  /** What the shrinkage rule found, or was given; 0 without. */
  readonly shrinkage: number;
  /** What the fit has to say: EM that did not converge. */
  readonly warnings: readonly string[];
  readonly #family: CovarianceFamily;
  readonly #roots: Roots;

  private constructor(
    estimate: Omit<Estimate, "mean" | "covariance">,
    mean: Tensor,
    parameters: Tensors,
    roots: Roots,
  ) {
    this.#family = estimate.family;
    this.kind = estimate.family.kind as GaussianKind;
    this.mean = mean;
    this.parameters = parameters;
    this.#roots = roots;
    this.logDet = roots.logDet;
    this.shrinkage = estimate.shrinkage;
    this.warnings = estimate.warnings;
  }

  /**
   * The Gaussian of greatest likelihood for a tensor [n, d] or a source of rows.
   *
   * Throws LatentError: "numeric" where the covariance is singular, naming the pivot; "data" on a value that is not
   * finite; "shape" where n ≤ ddof; "argument" on options.
   */
  static async fit(samples: Samples, options: GaussianOptions = {}): Promise<Gaussian> {
    const where = "Gaussian.fit";
    const full = gaussianOptions(where, options);
    const gpu = await gpuOfRows(where, rowsOf(where, samples));
    return Gaussian.#build(where, gpu, await estimateOf(where, samples, full), full.signal);
  }

  /** The same from moments, which may have been merged from many machines. Ledoit–Wolf needs the samples: give a number or "oas". */
  static async fromMoments(gpu: Gpu, moments: Moments, options: GaussianOptions = {}): Promise<Gaussian> {
    const where = "Gaussian.fromMoments";
    checkGpu(where, gpu);
    check(
      moments instanceof Moments,
      "argument",
      where,
      () => `expected Moments. Make them with Moments.of or Moments.from; got ${typeof moments}.`,
    );
    const full = gaussianOptions(where, options);
    const { count, mean } = moments;
    const products = moments.covarianceWith(0).map((value) => value * count);
    const estimate = await estimateOfSums(where, { count, mean, products }, full);
    return Gaussian.#build(where, gpu, estimate, full.signal);
  }

  /**
   * A Gaussian of given mean [d] and covariance [d, d], [d] or [].
   * Throws LatentError: "data" on a value that is not finite or an asymmetric covariance, naming the entries; "numeric" unless it is
   * positive definite, naming the pivot.
   */
  static async from(
    gpu: Gpu,
    parameters: { mean: ArrayLike<number>; covariance: ArrayLike<number> | readonly ArrayLike<number>[] },
  ): Promise<Gaussian> {
    const where = "Gaussian.from";
    checkGpu(where, gpu);
    checkOptions(where, parameters, ["mean", "covariance"]);
    const mean = numbersOf(where, "mean", parameters?.mean);
    const covariance = numbersOf(where, "covariance", parameters?.covariance);
    const d = mean.length;
    const kind =
      covariance.length === d * d && d > 1 ? "full" : covariance.length === d && d > 1 ? "diag" : "spherical";
    check(
      d > 0 && [1, d, d * d].includes(covariance.length),
      "shape",
      where,
      () => `expected a covariance of ${d * d}, ${d} or 1 values for mean [${d}]; got ${covariance.length}.`,
    );
    if (kind === "full") checkSymmetric(where, covariance, d);
    const precision = parameters.covariance instanceof Float32Array ? 2 ** -24 : 2 ** -53;
    return Gaussian.#build(where, gpu, {
      family: familyOf(where, kind, true),
      mean,
      covariance: { covariances: covariance },
      shrinkage: 0,
      warnings: [],
      origin: { kind: "numbers", precision },
    });
  }

  static #build(where: string, gpu: Gpu, estimate: Estimate, signal?: AbortSignal): Promise<Gaussian> {
    const { family, mean, covariance, origin, factor } = estimate;
    const d = mean.length;
    // its tensors are the model's, whatever scope is open
    return gpu.outside(async () => {
      const roots = factor ? rootsFrom(gpu, factor, d) : await family.roots!(where, gpu, covariance, d, origin, signal);
      const shapes = shapesOf(family, d, (covariance["loadings"]?.length ?? 0) / d);
      const parameters = Object.entries(shapes).map(([name, { stacked, shape }]) => [
        name,
        gpu.tensor(covariance[stacked]!, shape),
      ]);
      return new Gaussian(estimate, gpu.tensor(mean, [d]), Object.fromEntries(parameters) as Tensors, roots);
    });
  }

  /** Elements of one sample. */
  get dim(): number {
    return this.mean.shape[0]!;
  }
  /** Free parameters of mean and covariance. */
  get parameterCount(): number {
    return this.dim + this.#family.parameterCount(1, this.dim, this.parameters["loadings"]?.shape[1] ?? 0);
  }
  /** The covariance: [d, d] (of a low-rank or factor covariance made anew when asked for, and the caller's), [d] diagonal, [] spherical. */
  get covariance(): Tensor {
    const { covariance } = this.parameters;
    if (covariance) return covariance;
    const { dim } = this;
    return reshape(this.#family.dense(this.#stack(), dim), [dim, dim]);
  }

  /** The covariance as a stack of one. */
  #stack(): Tensors {
    const { covariance, ...rest } = this.parameters;
    const named = covariance ? { covariances: covariance } : rest;
    return Object.fromEntries(Object.entries(named).map(([name, t]) => [name, reshape(t, [1, ...t.shape])]));
  }

  /** log p(x) of each row of x [n, d], in nats: [n]. With { missing: "nan" }, of what is not NaN. */
  logProb(x: Tensor, options: { readonly missing?: Missing } = {}): Tensor {
    const where = "Gaussian.logProb";
    checkMissing(where, options.missing);
    if (options.missing)
      return this.#incomplete(where, x, (rows, one) => sum(incompleteJoint(this.#family, rows, one), 1));
    const squares = this.#roots.squaredDistances(this.#centred(where, x));
    return mul(add(squares, this.logDet + this.dim * LOG_TWO_PI), -0.5);
  }

  #centred(where: string, x: Tensor): Tensor {
    const { count, dim } = tensorRows(where, x, this.dim);
    return sub(reshape(x, [count, dim]), this.mean);
  }

  /** `of` applied to rows with missing entries, as many at a time as one step holds; the Gaussian as a mixture of one. */
  #incomplete(where: string, x: Tensor, of: (rows: Tensor, one: Components) => Tensor): Tensor {
    return gpuOf(where, x).within(() => {
      const means = reshape(this.mean, [1, this.dim]);
      const one = { logWeights: zeros(means.gpu, [1]), means, covariances: this.#stack() };
      return inSteps(where, x, this.#family, one, true, (rows) => of(rows, one));
    });
  }

  /** Rows x [n, d] with the expectation of what is NaN given the rest of the row: [n, d]. */
  impute(x: Tensor): Tensor {
    const all = (joint: Tensor) => ones(joint.gpu, joint.shape);
    return this.#incomplete("Gaussian.impute", x, (rows, one) => imputed(this.#family, rows, one, all));
  }

  /** Mean log-likelihood of the samples in nats, finished in float64. With { missing: "nan" }, of what is not NaN. */
  async score(samples: Samples, options: MissingCall = {}): Promise<number> {
    const where = "Gaussian.score";
    checkOptions(where, options, ["missing", "signal", "onProgress"]);
    const { missing, ...long } = options;
    checkCall(where, long);
    const rows = rowsOf(where, samples, this.dim, gpuOf(where, this.mean));
    return meanLogProb(where, (x) => this.logProb(x, missing ? { missing } : {}), rows, 1, long);
  }

  /** n draws [n, d]. Equal seeds give equal bits on one device. */
  sample(n: number, options: Partial<Draw> = {}): Tensor {
    const where = "Gaussian.sample";
    checkOptions(where, options, ["seed", "step"]);
    check(Number.isInteger(n) && n > 0, "argument", where, () => `expected a whole number of samples > 0; got ${n}.`);
    const noise = drawNormal(this.mean.gpu, [n, this.dim], { seed: 0, ...present(options) });
    return add(this.#roots.colour(noise), this.mean);
  }

  /** (x − μ)ᵀ Σ⁻¹ (x − μ) of each row of x [n, d], the squared Mahalanobis distance: [n]. */
  mahalanobis(x: Tensor): Tensor {
    return this.#roots.squaredDistances(this.#centred("Gaussian.mahalanobis", x));
  }

  /** Rows x [n, d] mapped so that draws of this Gaussian become independent standard normals: [n, d]. */
  whiten(x: Tensor): Tensor {
    return this.#roots.whiten(this.#centred("Gaussian.whiten", x));
  }

  /** Differential entropy ½ (log |Σ| + d log 2πe), in nats. */
  entropy(): number {
    return 0.5 * (this.logDet + this.dim * (1 + LOG_TWO_PI));
  }

  /**
   * Divergence of this Gaussian from another of as many features, in nats:
   *
   *     ½ ( tr Σ₁⁻¹Σ₀ + (μ₁ − μ₀)ᵀ Σ₁⁻¹ (μ₁ − μ₀) − d + log |Σ₁| − log |Σ₀| )
   */
  async klTo(other: Gaussian): Promise<number> {
    const where = "Gaussian.klTo";
    check(other instanceof Gaussian, "argument", where, () => `expected a Gaussian; got ${typeof other}.`);
    check(
      other.dim === this.dim,
      "shape",
      where,
      () => `features differ in number. Expected ${this.dim}; got ${other.dim}.`,
    );
    const { loadings, noise } = this.#roots.parts();
    const terms = [sum(other.mahalanobis(reshape(this.mean, [1, this.dim])))];
    if (loadings) terms.push(sum(other.#roots.squaredDistances(loadings)));
    if (noise) terms.push(sum(mul(noise, other.#roots.precisions())));
    const values = await Promise.all(terms.map((term) => term.item().finally(() => term.dispose())));
    const total = values.reduce((a, b) => a + b, 0) - this.dim + other.logDet - this.logDet;
    return Math.max(0, total / 2);
  }

  /**
   * The distribution of the other features, given some: of one row `values` [observed] or of each of many [n, observed].
   *
   *     const rest = (await Gaussian.fit(x)).conditional({ observed: [0, 1], values: [[5.1, 3.5]] });
   *     const others = rest.mean; // the other features, in order
   *
   * Throws LatentError: "argument" where `observed` names a feature twice, or none or all of them; "shape" on values.
   */
  conditional(options: ConditionalOptions): Conditional {
    const mean = reshape(this.mean, [1, this.dim]);
    const parts = { weights: null, means: mean, covariances: this.#stack() };
    return Conditional.of("Gaussian.conditional", this.#family, parts, options);
  }

  /** A safetensors file with `mean` and `covariance` (or `loadings` and `noise`), and the `factor` l with l·lᵀ = covariance of a full one. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { factor } = this.#roots.tensors;
    const tensors = { mean: this.mean, ...this.parameters, ...(factor ? { factor } : {}) };
    return modelFile("Gaussian", tensors, { covariance: this.kind });
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file, and as `from` does on values that make no Gaussian. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<Gaussian> {
    const where = "Gaussian.load";
    checkGpu(where, gpu);
    return Gaussian.#build(where, gpu, parseGaussian(where, bytes));
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    const owned = [this.mean, ...Object.values(this.parameters), ...Object.values(this.#roots.tensors)];
    for (const t of owned) t.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
