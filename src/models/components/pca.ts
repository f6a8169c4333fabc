import { rowsOf, gpuOfRows, type Samples, tensorRows } from "../../data/rows.ts";
import { check } from "../../device/errors.ts";
import { checkCall, type LongCall } from "../../formats/call.ts";
import { flag, readOptions, whole } from "../../formats/options.ts";
import { add, div, mul, sqrt, sub } from "../../graph/ops/arithmetic.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { centredSums } from "../../linalg/centredSums.ts";
import { floats } from "../../linalg/numbers.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { diagonalOf } from "../covariance/diagonal.ts";
import { modelFile, parseModelFile, sizesOf } from "../covariance/file.ts";
import { leading, MOST_FEATURES_DENSE } from "../covariance/leading.ts";

/** How principal components are fitted. */
export interface PcaOptions extends LongCall {
  /** How many directions are kept: at most the smaller of rows and features. */
  readonly components: number;
  /** Codes are divided by the root of their variance; false. */
  readonly whiten?: boolean;
}

const table = { components: whole(1), whiten: flag(false) };

/** What it is made of, in float64. */
interface Found {
  readonly mean: Float64Array;
  readonly components: Float64Array;
  readonly explainedVariance: Float64Array;
  readonly total: number;
  readonly count: number;
  readonly whiten: boolean;
}

/**
 * Principal components: the directions of greatest variance, from the eigenvectors of the covariance (divisor n − 1).
 *
 *     z = (x − mean) · componentsᵀ,   x̂ = z · components + mean
 *
 * Signs are scikit-learn's: the entry of largest size in each direction is positive. Its likelihood is that of
 * `Gaussian.fit(x, { covariance: "low-rank", rank, ddof: 1 })`.
 *
 *     const pca = await PCA.fit(x, { components: 2 });
 *     const codes = pca.transform(x);
 *     const restored = pca.inverse(codes);
 */
export class PCA {
  /** Mean of the rows, [d]. */
  readonly mean: Tensor;
  /** Directions of unit length, by falling variance, [components, d]. */
  readonly components: Tensor;
  /** Variance along each, divisor n − 1: [components]. */
  readonly explainedVariance: Tensor;
  /** The same as parts of all features' variance. */
  readonly explainedVarianceRatio: readonly number[];
  /** Mean variance of the directions left out; 0 where all are kept. */
  readonly noiseVariance: number;
  /** Rows that it was fitted to. */
  readonly count: number;
  /** Whether codes are divided by the root of their variance. */
  readonly whiten: boolean;
  readonly #total: number;

  private constructor(gpu: Gpu, { mean, components, explainedVariance, total, count, whiten }: Found) {
    const [d, k] = [mean.length, explainedVariance.length];
    this.mean = gpu.tensor(mean, [d]);
    this.components = gpu.tensor(components, [k, d]);
    this.explainedVariance = gpu.tensor(explainedVariance, [k]);
    const explained = explainedVariance.reduce((a, b) => a + b, 0);
    this.explainedVarianceRatio = Array.from(explainedVariance, (value) => (total > 0 ? value / total : 0));
    this.noiseVariance = k < d ? Math.max(0, total - explained) / (Math.min(d, count) - k || 1) : 0;
    this.count = count;
    this.whiten = whiten;
    this.#total = total;
  }

  /**
   * Fits a tensor [n, d], a data set or a source of rows: up to 1024 features through their covariance in float64, more by passes over the rows.
   * Throws LatentError: "data" on a value that is not finite; "shape" on one row; "argument" on options.
   */
  static async fit(samples: Samples, options: PcaOptions): Promise<PCA> {
    const where = "PCA.fit";
    const { components: rank, whiten } = readOptions(where, table, options ?? {}, ["signal", "onProgress"]);
    checkCall(where, options);
    const rows = rowsOf(where, samples);
    const { count, dim } = rows;
    check(count > 1, "shape", where, () => "a variance needs two rows. Expected at least 2; got 1.");
    check(rank <= Math.min(count, dim), "argument", where, () => {
      return `expected components up to ${Math.min(count, dim)}, the smaller of ${count} rows and ${dim} features; got ${rank}.`;
    });
    const sums = await centredSums(where, rows, dim <= MOST_FEATURES_DENSE, options);
    const divisor = count - 1;
    const found = await leading({ where, sums, divisor, rank, rows, signal: options.signal });
    for (let k = 0; k < rank; k++) {
      const vector = found.vectors.subarray(k * dim, k * dim + dim);
      const most = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
      if (most < 0) for (let j = 0; j < dim; j++) vector[j] = -vector[j]!;
    }
    const explainedVariance = found.values.map((value) => Math.max(0, value));
    const total = diagonalOf(sums.products, dim).reduce((a, b) => a + b / divisor, 0);
    const gpu = await gpuOfRows(where, rows);
    const fitted = { mean: sums.mean, components: found.vectors, explainedVariance, total, count, whiten };
    return gpu.outside(async () => new PCA(gpu, fitted));
  }

  /** Elements of one sample. */
  get dim(): number {
    return this.mean.shape[0]!;
  }

  /** Codes of rows x [n, d]: [n, components]. */
  transform(x: Tensor): Tensor {
    const { count, dim } = tensorRows("PCA.transform", x, this.dim);
    const codes = matmul(sub(reshape(x, [count, dim]), this.mean), transpose(this.components));
    return this.whiten ? div(codes, sqrt(this.explainedVariance)) : codes;
  }

  /** Rows of codes z [n, components]: [n, d]. */
  inverse(z: Tensor): Tensor {
    tensorRows("PCA.inverse", z, this.components.shape[0]!);
    const codes = this.whiten ? mul(z, sqrt(this.explainedVariance)) : z;
    return add(matmul(codes, this.components), this.mean);
  }

  /** A safetensors file with `mean`, `components` and `explainedVariance`. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { mean, components, explainedVariance } = this;
    const about = { total: String(this.#total), count: String(this.count), whiten: String(this.whiten) };
    return modelFile("PCA", { mean, components, explainedVariance }, about);
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<PCA> {
    const where = "PCA.load";
    checkGpu(where, gpu);
    const { tensors, metadata } = parseModelFile(where, "PCA", bytes);
    const [k, d] = sizesOf(where, tensors, "components");
    const loaded = {
      mean: floats(where, tensors, "mean", [d]),
      components: floats(where, tensors, "components", [k, d]),
      explainedVariance: floats(where, tensors, "explainedVariance", [k]),
      total: Number(metadata.get("total")),
      count: Number(metadata.get("count")),
      whiten: metadata.get("whiten") === "true",
    };
    return gpu.outside(async () => new PCA(gpu, loaded));
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    for (const t of [this.mean, this.components, this.explainedVariance]) t.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
