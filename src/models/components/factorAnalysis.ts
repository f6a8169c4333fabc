import { type Samples, tensorRows } from "../../data/rows.ts";
import type { LongCall } from "../../formats/call.ts";
import { readOptions, whole } from "../../formats/options.ts";
import { sub } from "../../graph/ops/arithmetic.ts";
import { div } from "../../graph/ops/arithmetic.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { identity } from "../../linalg/matrix.ts";
import { inverse } from "../../linalg/lu.ts";
import { add } from "../../graph/ops/arithmetic.ts";
import type { Gpu } from "../../program/gpu.ts";
import { Gaussian } from "../gaussian/gaussian.ts";

/** How factors are fitted. */
export interface FactorAnalysisOptions extends LongCall {
  /** How many factors: fewer than features. */
  readonly components: number;
}

const table = { components: whole(1) };

/**
 * Factor analysis, x = z · components + mean + noise with z ~ N(0, I) and noise of its own variance for each feature, by greatest likelihood.
 * It is the Gaussian of covariance "factor", under scikit-learn's words; components are known up to a rotation.
 *
 *     const model = await FactorAnalysis.fit(x, { components: 2 });
 *     const codes = model.transform(x);
 */
export class FactorAnalysis {
  /** The density: scoring, sampling, conditionals. Its `dispose` is this model's. */
  readonly gaussian: Gaussian;

  private constructor(gaussian: Gaussian) {
    this.gaussian = gaussian;
  }

  /** Fits a tensor [n, d], a data set or a source of rows. Throws LatentError as `Gaussian.fit` does. */
  static async fit(samples: Samples, options: FactorAnalysisOptions): Promise<FactorAnalysis> {
    const where = "FactorAnalysis.fit";
    const { components: rank } = readOptions(where, table, options ?? {}, ["signal", "onProgress"]);
    const { components: _, ...call } = options;
    return new FactorAnalysis(await Gaussian.fit(samples, { covariance: "factor", rank, ...call }));
  }

  /** Mean of the rows, [d]. */
  get mean(): Tensor {
    return this.gaussian.mean;
  }
  /** Loadings, [components, d]. */
  get components(): Tensor {
    return transpose(this.gaussian.parameters["loadings"]!);
  }
  /** Variance of each feature's own noise, [d]. */
  get noiseVariance(): Tensor {
    return this.gaussian.parameters["noise"]!;
  }

  /** Expected factors of rows x [n, d], (I + WᵀΨ⁻¹W)⁻¹ WᵀΨ⁻¹ (x − μ): [n, components]. */
  transform(x: Tensor): Tensor {
    const { count, dim } = tensorRows("FactorAnalysis.transform", x, this.gaussian.dim);
    const { loadings, noise } = this.gaussian.parameters as { loadings: Tensor; noise: Tensor };
    const byNoise = div(loadings, reshape(noise, [dim, 1]));
    const precision = add(matmul(transpose(loadings), byNoise), identity(x.gpu, loadings.shape[1]!));
    return matmul(matmul(sub(reshape(x, [count, dim]), this.mean), byNoise), inverse(precision));
  }

  /** log p(x) of each row of x [n, d], in nats: [n]. */
  scoreSamples(x: Tensor): Tensor {
    return this.gaussian.logProb(x);
  }

  /** Mean log-likelihood of the samples in nats, finished in float64. */
  score(samples: Samples, options: LongCall = {}): Promise<number> {
    return this.gaussian.score(samples, options);
  }

  /** A file of the Gaussian, which `Gaussian.load` reads as well. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.gaussian.save();
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<FactorAnalysis> {
    return new FactorAnalysis(await Gaussian.load(gpu, bytes));
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.gaussian.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
