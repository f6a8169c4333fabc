import { check, checkOptions, LatentError, show } from "../device/errors.ts";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import { add, mul, square, sub } from "../graph/ops/arithmetic.ts";
import { random } from "../graph/ops/random.ts";
import { reshape } from "../graph/ops/shape.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { cholesky, inverseOfFactor } from "../linalg/cholesky.ts";
import { type CentredSums, centredSums, type LongCall, type Moments } from "../linalg/moments.ts";
import { diagonal } from "../linalg/matrix.ts";
import { gpuOf, rowsOf, type Samples } from "../linalg/rows.ts";
import { timesTransposedFactor } from "../linalg/triangular.ts";
import type { Gpu } from "../program/gpu.ts";
import { meanLogProb } from "./logProb.ts";
import { lowRank, regularise, shrink, type Shrinkage } from "./shrinkage.ts";

export type GaussianKind = "full" | "diag" | "spherical" | "low-rank";

export interface GaussianOptions extends LongCall {
  /** Which covariance: any, diagonal, a multiple of I, or `rank` directions and noise (probabilistic PCA); "full". */
  readonly covariance?: GaussianKind;
  /** Directions of "low-rank". */
  readonly rank?: number;
  /** Divisor n − ddof: 0 is maximum likelihood, 1 unbiased; 0. */
  readonly ddof?: 0 | 1;
  /** Added to every variance; 0. */
  readonly regularization?: number;
  /** How far a full covariance is drawn towards (tr Σ / d)·I: a number in [0, 1], or a rule that finds it; "none". */
  readonly shrinkage?: Shrinkage;
}

const known = ["covariance", "rank", "ddof", "regularization", "shrinkage", "signal", "onProgress"];
const kinds: readonly GaussianKind[] = ["full", "diag", "spherical", "low-rank"];
const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * A normal distribution on [d].
 *
 *     log p(x) = −½ ( (x − μ)ᵀ Σ⁻¹ (x − μ) + log |Σ| + d log 2π ),   in nats
 *
 * `mean` [d]; `covariance` [d, d] (full and low-rank), [d] (diag) or [] (spherical).
 */
export class Gaussian {
  readonly kind: GaussianKind;
  readonly mean: Tensor;
  readonly covariance: Tensor;
  /** log |Σ| */
  readonly logDet: number;
  /** What the shrinkage rule found, or was given; 0 without. */
  readonly shrinkage: number;
  /** Square root of Σ and of Σ⁻¹: lower triangular [d, d], or the deviations [d] and their reciprocals. */
  readonly #roots: { readonly factor: Tensor; readonly inverse: Tensor };

  private constructor(
    kind: GaussianKind,
    mean: Tensor,
    covariance: Tensor,
    roots: { factor: Tensor; inverse: Tensor },
    logDet: number,
    shrinkage: number,
  ) {
    this.kind = kind;
    this.mean = mean;
    this.covariance = covariance;
    this.#roots = roots;
    this.logDet = logDet;
    this.shrinkage = shrinkage;
  }

  /**
   * The Gaussian of greatest likelihood for a tensor [n, d] or a source of rows.
   *
   * Throws LatentError: "numeric" where the covariance is singular, naming the pivot; "data" on a value that is not
   * finite; "shape" where n ≤ ddof; "argument" on options.
   */
  static async fit(samples: Samples, options: GaussianOptions = {}): Promise<Gaussian> {
    const where = "Gaussian.fit";
    checkGaussianOptions(where, options);
    const rows = rowsOf(where, samples);
    check(
      rows.count > (options.ddof ?? 0),
      "shape",
      where,
      () => `too few rows. Expected more than ddof = ${options.ddof}; got ${rows.count}.`,
    );
    const first = await rows.batch(0, 1);
    const gpu = gpuOf(where, first);
    if (rows.keeps !== true) first.dispose();
    const full = (options.covariance ?? "full") === "full" || options.covariance === "low-rank";
    const sums = await centredSums(where, rows, full, pick(options));
    const intensity = full ? await shrink(where, sums, options.shrinkage ?? "none", rows) : 0;
    return Gaussian.#of(where, gpu, sums, options, intensity);
  }

  /** The same from moments, which may have been merged from many machines. Ledoit–Wolf needs the samples: give a number or "oas". */
  static async fromMoments(gpu: Gpu, moments: Moments, options: GaussianOptions = {}): Promise<Gaussian> {
    const where = "Gaussian.fromMoments";
    checkGaussianOptions(where, options);
    const { count, mean } = moments;
    const products = moments.covarianceWith(0).map((value) => value * count);
    const sums = { count, mean, products };
    return Gaussian.#of(where, gpu, sums, options, await shrink(where, sums, options.shrinkage ?? "none"));
  }

  /** A Gaussian of given mean [d] and covariance [d, d], [d] or []. Throws LatentError("numeric") unless it is positive definite. */
  static async from(
    gpu: Gpu,
    { mean, covariance }: { mean: Float64Array | Float32Array; covariance: Float64Array | Float32Array },
  ): Promise<Gaussian> {
    const d = mean.length;
    const kind =
      covariance.length === d * d && d > 1 ? "full" : covariance.length === d && d > 1 ? "diag" : "spherical";
    check(
      [1, d, d * d].includes(covariance.length),
      "shape",
      "Gaussian.from",
      () => `expected a covariance of ${d * d}, ${d} or 1 values for mean [${d}]; got ${covariance.length}.`,
    );
    return Gaussian.#build("Gaussian.from", gpu, kind, Float64Array.from(mean), Float64Array.from(covariance), 0);
  }

  static #of(
    where: string,
    gpu: Gpu,
    sums: CentredSums,
    options: GaussianOptions,
    intensity: number,
  ): Promise<Gaussian> {
    const { covariance: kind = "full", ddof = 0, regularization = 0, rank = 1 } = options;
    const d = sums.mean.length;
    const divisor = sums.count - ddof;
    const isMatrix = sums.products.length === d * d && d > 1;
    const all = sums.products.map((value) => value / divisor);
    const variances = isMatrix ? Float64Array.from(sums.mean, (_, i) => all[i * d + i]!) : all;
    if (kind === "diag")
      return Gaussian.#build(
        where,
        gpu,
        kind,
        sums.mean,
        variances.map((v) => v + regularization),
        0,
      );
    if (kind === "spherical") {
      const average = variances.reduce((a, b) => a + b, 0) / d + regularization;
      return Gaussian.#build(where, gpu, kind, sums.mean, Float64Array.of(average), 0);
    }
    const fitted = kind === "low-rank" ? lowRank(where, all, d, rank) : all;
    return Gaussian.#build(where, gpu, kind, sums.mean, regularise(fitted, d, intensity, regularization), intensity);
  }

  static async #build(
    where: string,
    gpu: Gpu,
    kind: GaussianKind,
    mean: Float64Array,
    given: Float64Array,
    shrinkage: number,
  ): Promise<Gaussian> {
    const d = mean.length;
    const mu = gpu.tensor(mean, [d]);
    // as the tensor holds it, so that a file brings the same model back
    const covariance = given.map(Math.fround);
    if (kind === "diag" || kind === "spherical") {
      const low = covariance.findIndex((v) => !(v > 0) || !Number.isFinite(v));
      if (low >= 0)
        throw new LatentError(
          "numeric",
          `${where}: feature ${low} has variance ${covariance[low]}. Expected > 0. Set regularization.`,
        );
      const variances = kind === "diag" ? covariance : new Float64Array(d).fill(covariance[0]!);
      const logDet = variances.reduce((total, v) => total + Math.log(v), 0);
      const roots = {
        factor: gpu.tensor(variances.map(Math.sqrt), [d]),
        inverse: gpu.tensor(
          variances.map((v) => 1 / Math.sqrt(v)),
          [d],
        ),
      };
      return new Gaussian(kind, mu, gpu.tensor(covariance, kind === "diag" ? [d] : []), roots, logDet, shrinkage);
    }
    const sigma = gpu.tensor(covariance, [d, d]);
    const { factor, failedPivot } = cholesky(sigma);
    const inverse = inverseOfFactor(factor);
    const pivots = diagonal(factor);
    await gpu.evaluate([factor, inverse, failedPivot, pivots]);
    const failed = await failedPivot.item();
    const values = Float64Array.from(await pivots.read());
    for (const t of [failedPivot, pivots]) t.dispose();
    if (failed >= 0) {
      for (const t of [mu, sigma, factor, inverse]) t.dispose();
      const detail = `the covariance is not positive definite: pivot ${failed} of ${d} is not above rounding. Feature ${failed} is constant, or a combination of those before it`;
      throw new LatentError(
        "numeric",
        `${where}: ${detail}. Set regularization (say 1e-6 of the mean variance), shrinkage, or covariance "diag".`,
      );
    }
    const logDet = values.reduce((total, v) => total + 2 * Math.log(v), 0);
    return new Gaussian(kind, mu, sigma, { factor, inverse }, logDet, shrinkage);
  }

  get dim(): number {
    return this.mean.shape[0]!;
  }

  /** log p(x) of each row of x [n, d], in nats: [n]. */
  logProb(x: Tensor): Tensor {
    const where = "Gaussian.logProb";
    const { count, dim } = rowsOf(where, x, this.dim);
    const centred = sub(reshape(x, [count, dim]), this.mean);
    const white =
      this.#roots.inverse.rank === 1
        ? mul(centred, this.#roots.inverse)
        : timesTransposedFactor(centred, this.#roots.inverse);
    return mul(add(sum(square(white), 1), this.logDet + dim * LOG_TWO_PI), -0.5);
  }

  /** Mean log-likelihood of the samples in nats, finished in float64. */
  score(samples: Samples, options: LongCall = {}): Promise<number> {
    checkOptions("Gaussian.score", options, ["signal", "onProgress"]);
    return meanLogProb(
      "Gaussian.score",
      (x) => this.logProb(x),
      rowsOf("Gaussian.score", samples, this.dim),
      1,
      options,
    );
  }

  /** n draws [n, d]. Equal seeds give equal bits on one device. */
  sample(n: number, options: { readonly seed: number }): Tensor {
    checkOptions("Gaussian.sample", options, ["seed"]);
    check(
      Number.isInteger(n) && n > 0,
      "argument",
      "Gaussian.sample",
      () => `expected a whole number of samples > 0; got ${n}.`,
    );
    const noise = random.normal(this.mean.gpu, [n, this.dim], { seed: options?.seed });
    const { factor } = this.#roots;
    return add(factor.rank === 1 ? mul(noise, factor) : timesTransposedFactor(noise, factor), this.mean);
  }

  /** A safetensors file with `mean` and `covariance`. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = async (t: Tensor) => ({
      dtype: "F32" as const,
      shape: t.shape,
      data: (await t.read()) as Float32Array,
    });
    const tensors = [
      ["mean", await tensor(this.mean)],
      ["covariance", await tensor(this.covariance)],
    ] as const;
    return writeSafetensors(tensors, { model: "Gaussian", covariance: this.kind }, "Gaussian.save");
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<Gaussian> {
    const where = "Gaussian.load";
    const { tensors, metadata } = parseSafetensors(bytes, { where, widen: true, finite: true });
    const kind = metadata.get("covariance") as GaussianKind;
    check(
      metadata.get("model") === "Gaussian" && kinds.includes(kind),
      "format",
      where,
      () => `expected a file of Gaussian.save; got model ${metadata.get("model")}.`,
    );
    const [mean, covariance] = [tensors.get("mean"), tensors.get("covariance")];
    const d = mean?.shape[0] ?? 0;
    const shape = kind === "diag" ? [d] : kind === "spherical" ? [] : [d, d];
    check(
      mean?.dtype === "F32" &&
        mean.shape.length === 1 &&
        covariance?.dtype === "F32" &&
        show(covariance.shape) === show(shape),
      "format",
      where,
      () =>
        `shapes do not fit. Expected mean [d] and covariance ${show(shape)}, F32; got ${show(mean?.shape ?? [])} and ${show(covariance?.shape ?? [])}.`,
    );
    return Gaussian.#build(
      where,
      gpu,
      kind,
      Float64Array.from(mean.data as Float32Array),
      Float64Array.from(covariance!.data as Float32Array),
      0,
    );
  }

  dispose(): void {
    for (const t of [this.mean, this.covariance, this.#roots.factor, this.#roots.inverse]) t.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const pick = ({ signal, onProgress }: LongCall): LongCall => ({
  ...(signal ? { signal } : {}),
  ...(onProgress ? { onProgress } : {}),
});

function checkGaussianOptions(where: string, options: GaussianOptions): void {
  checkOptions(where, options, known);
  const { covariance = "full", rank, ddof = 0, regularization = 0, shrinkage = "none" } = options;
  check(
    kinds.includes(covariance),
    "argument",
    where,
    () => `unknown covariance. Expected one of ${kinds.join(", ")}; got ${covariance}.`,
  );
  check(ddof === 0 || ddof === 1, "argument", where, () => `expected ddof 0 or 1; got ${String(ddof)}.`);
  check(
    Number.isFinite(regularization) && regularization >= 0,
    "argument",
    where,
    () => `expected a regularization ≥ 0; got ${regularization}.`,
  );
  check(
    covariance === "low-rank" ? Number.isInteger(rank) && rank! > 0 : rank === undefined,
    "argument",
    where,
    () => `expected a whole rank > 0 with covariance "low-rank", and none without; got ${rank} with "${covariance}".`,
  );
  const fits =
    shrinkage === "none" ||
    shrinkage === "ledoit-wolf" ||
    shrinkage === "oas" ||
    (typeof shrinkage === "number" && shrinkage >= 0 && shrinkage <= 1);
  check(
    fits,
    "argument",
    where,
    () => `expected a shrinkage "none", "ledoit-wolf", "oas" or a number in [0, 1]; got ${String(shrinkage)}.`,
  );
  check(
    shrinkage === "none" || covariance === "full",
    "argument",
    where,
    () => `expected shrinkage only with covariance "full"; got "${covariance}".`,
  );
}
