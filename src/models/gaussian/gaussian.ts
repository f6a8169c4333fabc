import { check, checkOptions } from "../../device/errors.ts";
import { checkCall } from "../../formats/call.ts";
import { parseSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import { add, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { type Draw, drawNormal } from "../../data/streams.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LongCall } from "../../formats/call.ts";
import { type CentredSums, centredSums, FEW, Moments } from "../../linalg/moments.ts";
import { gpuOfRows, rowsOf, type Samples } from "../../data/rows.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import { checkSymmetric, factorOf } from "../../linalg/symmetric.ts";
import { timesTransposedFactor } from "../../linalg/triangular.ts";
import type { Gpu } from "../../program/gpu.ts";
import { meanLogProb } from "../logProb.ts";
import { checkGaussianOptions, type GaussianKind, type GaussianOptions, kinds } from "./options.ts";
import { floats, numbersOf } from "../../linalg/numbers.ts";
import {
  checkFactor,
  checkVariances,
  FEATURES_ON_CPU,
  NEARLY_SINGULAR,
  type Origin,
  type Roots,
  rootsFrom,
  rootsOf,
  rootsOfVariances,
} from "./roots.ts";
import { lowRank, regularise, shrink } from "./shrinkage.ts";

const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * A normal distribution on [d].
 *
 *     log p(x) = −½ ( (x − μ)ᵀ Σ⁻¹ (x − μ) + log |Σ| + d log 2π ),   in nats
 *
 * `mean` [d]; `covariance` [d, d] (full and low-rank), [d] (diag) or [] (spherical).
 *
 *     const model = await Gaussian.fit(gpu.tensor([[0, 0], [2, 1], [1, 3]]));
 *     const density = await model.logProb(gpu.tensor([[1, 1]])).item();
 */
export class Gaussian {
  /** Which kind of covariance it has. */
  readonly kind: GaussianKind;
  /** The mean, a tensor. */
  readonly mean: Tensor;
  /** The covariance: [d, d] full, [d] diagonal, [] spherical. */
  readonly covariance: Tensor;
  /** log |Σ| */
  readonly logDet: number;
  /** What the shrinkage rule found, or was given; 0 without. */
  readonly shrinkage: number;
  readonly #roots: Roots;

  private constructor(kind: GaussianKind, mean: Tensor, covariance: Tensor, roots: Roots, shrinkage: number) {
    this.kind = kind;
    this.mean = mean;
    this.covariance = covariance;
    this.#roots = roots;
    this.logDet = roots.logDet;
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
    const gpu = await gpuOfRows(where, rows);
    const { covariance: kind = "full", shrinkage = "none", signal } = options;
    const full = kind === "full" || kind === "low-rank";
    let sums = await centredSums(where, rows, full, options);
    let exact = rows.dim <= FEW;
    if (kind === "full" && !exact && rows.dim <= FEATURES_ON_CPU && nearlySingular(sums)) {
      // what products in f32 leave of the smallest directions is rounding: once more in float64
      sums = await centredSums(where, rows, full, options, true);
      exact = true;
    }
    const intensity = full ? await shrink(where, sums, shrinkage, rows, signal) : 0;
    return Gaussian.#of(where, gpu, sums, options, intensity, exact);
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
    checkGaussianOptions(where, options);
    const { count, mean } = moments;
    const least = options.ddof ?? 0;
    check(count > least, "shape", where, () => `too few samples. Expected more than ddof = ${least}; got ${count}.`);
    const products = moments.covarianceWith(0).map((value) => value * count);
    const sums = { count, mean, products };
    const intensity = await shrink(where, sums, options.shrinkage ?? "none");
    return Gaussian.#of(where, gpu, sums, options, intensity, moments.dim <= FEW);
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
    return Gaussian.#build(where, gpu, kind, mean, covariance, 0, { kind: "numbers", precision });
  }

  static #of(
    where: string,
    gpu: Gpu,
    sums: CentredSums,
    options: GaussianOptions,
    intensity: number,
    exact: boolean,
  ): Promise<Gaussian> {
    const { covariance: kind = "full", ddof = 0, regularization = 0, rank = 1 } = options;
    const { mean, count, products } = sums;
    const d = mean.length;
    const isMatrix = products.length === d * d && d > 1;
    const all = products.map((value) => value / (count - ddof));
    const variances = isMatrix ? Float64Array.from(mean, (_, i) => all[i * d + i]!) : all;
    const origin: Origin = exact ? { kind: "samples", mean } : { kind: "numbers", precision: 2 ** -24 };
    const build = (covariance: Float64Array) =>
      Gaussian.#build(where, gpu, kind, mean, covariance, kind === "full" ? intensity : 0, origin);
    if (kind === "diag") return build(variances.map((v) => v + regularization));
    if (kind === "spherical") return build(Float64Array.of(variances.reduce((a, b) => a + b, 0) / d + regularization));
    return build(regularise(kind === "low-rank" ? lowRank(where, all, d, rank) : all, d, intensity, regularization));
  }

  static #build(
    where: string,
    gpu: Gpu,
    kind: GaussianKind,
    mean: Float64Array,
    covariance: Float64Array,
    shrinkage: number,
    origin: Origin,
    factor?: Float32Array<ArrayBuffer>,
  ): Promise<Gaussian> {
    // its tensors are the model's, whatever scope is open
    return gpu.outside(async () => {
      const d = mean.length;
      let roots: Roots;
      if (kind === "diag" || kind === "spherical") {
        checkVariances(where, covariance);
        // as the tensor holds them, so that a file brings the same model back
        const held = covariance.map(Math.fround);
        roots = rootsOfVariances(gpu, kind === "diag" ? held : new Float64Array(d).fill(held[0]!));
      } else roots = factor ? rootsFrom(gpu, factor, d) : await rootsOf(where, gpu, covariance, origin);
      const shape = kind === "diag" ? [d] : kind === "spherical" ? [] : [d, d];
      return new Gaussian(kind, gpu.tensor(mean, [d]), gpu.tensor(covariance, shape), roots, shrinkage);
    });
  }

  /** Elements of one sample. */
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
  async score(samples: Samples, options: LongCall = {}): Promise<number> {
    const where = "Gaussian.score";
    checkOptions(where, options, ["signal", "onProgress"]);
    checkCall(where, options);
    return meanLogProb(where, (x) => this.logProb(x), rowsOf(where, samples, this.dim), 1, options);
  }

  /** n draws [n, d]. Equal seeds give equal bits on one device. */
  sample(n: number, options: Partial<Draw> = {}): Tensor {
    checkOptions("Gaussian.sample", options, ["seed", "step"]);
    check(
      Number.isInteger(n) && n > 0,
      "argument",
      "Gaussian.sample",
      () => `expected a whole number of samples > 0; got ${n}.`,
    );
    const noise = drawNormal(this.mean.gpu, [n, this.dim], { seed: 0, ...options });
    const { factor } = this.#roots;
    return add(factor.rank === 1 ? mul(noise, factor) : timesTransposedFactor(noise, factor), this.mean);
  }

  /** A safetensors file with `mean` and `covariance`, and the `factor` l with l·lᵀ = covariance where that is a matrix. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = async (t: Tensor) => ({
      dtype: "F32" as const,
      shape: t.shape,
      data: (await t.read()) as Float32Array,
    });
    const tensors = [
      ["mean", await tensor(this.mean)],
      ["covariance", await tensor(this.covariance)],
      ...(this.#roots.factor.rank === 2 ? [["factor", await tensor(this.#roots.factor)] as const] : []),
    ] as const;
    return writeSafetensors(tensors, { model: "Gaussian", covariance: this.kind }, "Gaussian.save");
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file, and as `from` does on values that make no Gaussian. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<Gaussian> {
    const where = "Gaussian.load";
    checkGpu(where, gpu);
    const { tensors, metadata } = parseSafetensors(bytes, { where, widen: true, finite: true });
    const kind = metadata.get("covariance") as GaussianKind;
    check(
      metadata.get("model") === "Gaussian" && kinds.includes(kind),
      "format",
      where,
      () => `expected a file of Gaussian.save; got model ${metadata.get("model")}.`,
    );
    const [d = 0] = tensors.get("mean")?.shape ?? [];
    const mean = floats(where, tensors, "mean", [d]);
    const covariance = floats(where, tensors, "covariance", kind === "diag" ? [d] : kind === "spherical" ? [] : [d, d]);
    const matrix = kind === "full" || kind === "low-rank";
    if (matrix) checkSymmetric(where, covariance, d);
    // older files have none
    const factor = matrix && tensors.has("factor") ? Float32Array.from(floats(where, tensors, "factor", [d, d])) : null;
    if (factor) checkFactor(where, factor, covariance, d);
    const origin = { kind: "numbers", precision: 2 ** -24 } as const;
    const given = factor && d <= FEATURES_ON_CPU ? factor : undefined;
    return Gaussian.#build(where, gpu, kind, mean, covariance, 0, origin, given);
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    const { factor, inverse } = this.#roots;
    for (const t of [this.mean, this.covariance, factor, inverse]) t.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Whether a direction is so narrow that products in f32 say little about it. */
function nearlySingular({ mean, products }: CentredSums): boolean {
  const d = mean.length;
  return !(factorOf(products, d, (i) => NEARLY_SINGULAR * products[i * d + i]!) instanceof Float64Array);
}
