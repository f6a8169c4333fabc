import { type Draw, drawNormal } from "../../data/streams.ts";
import { check, LatentError } from "../../device/errors.ts";
import type { Safetensor } from "../../formats/safetensors.ts";
import { add, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { floats } from "../../linalg/numbers.ts";
import { factorOf } from "../../linalg/symmetric.ts";
import { solveTriangular } from "../../linalg/triangular.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { FittedCodes } from "./recipe.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** The full Gaussian of the training images' codes, N(mean, L·Lᵀ): what codes without a prior are drawn from. */
export class CodeGaussian implements FittedCodes {
  readonly shape: readonly [number];
  readonly parameters = {};
  readonly #gpu: Gpu;
  /** [latent] and [latent, latent], lower triangle. */
  readonly #values: { readonly mean: Float32Array<ArrayBuffer>; readonly factor: Float32Array<ArrayBuffer> };
  readonly #mean: Tensor;
  readonly #factor: Tensor;

  constructor(gpu: Gpu, mean: Float32Array<ArrayBuffer>, factor: Float32Array<ArrayBuffer>) {
    this.#gpu = gpu;
    this.shape = [mean.length];
    this.#values = { mean, factor };
    this.#mean = gpu.tensor(mean, [1, mean.length]);
    this.#factor = gpu.tensor(factor, [mean.length, mean.length]);
  }

  /**
   * Maximum-likelihood Gaussian of codes [n, latent], in float64; 10⁻⁶ of the mean variance is added to the diagonal.
   * Throws LatentError("numeric") where a code is not finite.
   */
  static of(where: string, gpu: Gpu, codes: Float32Array, latent: number): CodeGaussian {
    const n = codes.length / latent;
    check(codes.every(Number.isFinite), "numeric", where, () => "a code of the training images is not finite.");
    const mean = new Float64Array(latent);
    for (let i = 0; i < codes.length; i++) mean[i % latent]! += codes[i]! / n;
    const covariance = new Float64Array(latent * latent);
    for (let row = 0; row < n; row++)
      for (let a = 0; a < latent; a++) {
        const da = codes[row * latent + a]! - mean[a]!;
        for (let b = 0; b <= a; b++) covariance[a * latent + b]! += (da * (codes[row * latent + b]! - mean[b]!)) / n;
      }
    let trace = 0;
    for (let a = 0; a < latent; a++) trace += covariance[a * latent + a]!;
    for (let a = 0; a < latent; a++) covariance[a * latent + a]! += (1e-6 * trace) / latent + 1e-30;
    const factor = factorOf(covariance, latent, () => 0);
    if (!(factor instanceof Float64Array))
      throw new LatentError(
        "numeric",
        `${where}: covariance of the codes is not positive definite at dimension ${factor.pivot}.`,
      );
    return new CodeGaussian(gpu, Float32Array.from(mean), Float32Array.from(factor));
  }

  /** What `save` wrote, or null where it wrote none. Throws LatentError("format") unless it is a mean and a triangle. */
  static from(where: string, gpu: Gpu, tensors: ReadonlyMap<string, Safetensor>, latent: number): CodeGaussian | null {
    if (!tensors.has("codes.mean") && !tensors.has("codes.factor")) return null;
    const mean = Float32Array.from(floats(where, tensors, "codes.mean", [latent]));
    const factor = Float32Array.from(floats(where, tensors, "codes.factor", [latent, latent]));
    for (let at = 0; at < factor.length; at++) {
      const [i, j] = [Math.floor(at / latent), at % latent];
      check(
        j > i ? factor[at] === 0 : j < i || factor[at]! > 0,
        "format",
        where,
        () =>
          `codes.factor is no triangle at [${i}, ${j}]. Expected 0 above the diagonal and > 0 on it; got ${factor[at]}.`,
      );
    }
    return new CodeGaussian(gpu, mean, factor);
  }

  /** For files. */
  get tensors(): [string, Safetensor][] {
    const { mean, factor } = this.#values;
    const [latent] = this.shape;
    return [
      ["codes.mean", { dtype: "F32", shape: [latent], data: mean }],
      ["codes.factor", { dtype: "F32", shape: [latent, latent], data: factor }],
    ];
  }

  logProb(z: Tensor): Tensor {
    const [latent] = this.shape;
    const rows = reshape(sub(z, this.#mean), [-1, latent]);
    const whitened = transpose(solveTriangular(this.#factor, transpose(rows)));
    let constant = latent * LOG_TWO_PI;
    for (let i = 0; i < latent; i++) constant += 2 * Math.log(this.#values.factor[i * latent + i]!);
    return reshape(mul(add(sum(square(whitened), 1), constant), -0.5), z.shape.slice(0, -1));
  }

  sample(n: number, draw: Draw): Tensor {
    return add(matmul(drawNormal(this.#gpu, [n, ...this.shape], draw), transpose(this.#factor)), this.#mean);
  }

  dispose(): void {
    this.#mean.dispose();
    this.#factor.dispose();
  }
}
