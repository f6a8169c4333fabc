import { checkOptions } from "../../device/errors.ts";
import { checkCall, type LongCall } from "../../formats/call.ts";
import { argmin } from "../../graph/ops/argmax.ts";
import { sqrt } from "../../graph/ops/arithmetic.ts";
import { reshape } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { ones } from "../../linalg/matrix.ts";
import { floats } from "../../linalg/numbers.ts";
import { gpuOf, gpuOfRows, inParts, type Rows, rowsAtOnce, rowsOf, type Samples, tensorRows } from "../../data/rows.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { modelFile, parseModelFile, sizesOf } from "../covariance/file.ts";
import { meanLogProb } from "../logProb.ts";
import { weightsOf } from "../weights.ts";
import { fitCentres } from "./fit.ts";
import { nearest } from "./nearest.ts";
import { type KMeansOptions, planOf } from "./options.ts";

/** How a fit went. */
interface Course {
  readonly inertia: number;
  readonly iterations: number;
  readonly converged: boolean;
  readonly warnings: readonly string[];
}

/**
 * K centres that minimise the inertia, Σ over rows of the squared distance from the nearest centre (Lloyd 1982).
 *
 *     const model = await KMeans.fit(x, { clusters: 3, seed: 1 });
 *     const labels = await model.predict(x).read();
 */
export class KMeans {
  /** The centres, [K, d]. */
  readonly centers: Tensor;
  /** Σ w · squared distance of the training rows from their centres. */
  readonly inertia: number;
  /** Passes over the rows. */
  readonly iterations: number;
  /** Whether the centres stood still at the end. */
  readonly converged: boolean;
  /** What the fit has to say: centres without rows, iterations that ran out. */
  readonly warnings: readonly string[];

  private constructor(centers: Tensor, { inertia, iterations, converged, warnings }: Course) {
    this.centers = centers;
    this.inertia = inertia;
    this.iterations = iterations;
    this.converged = converged;
    this.warnings = warnings;
  }

  /**
   * Lloyd's iterations from `init`, for a tensor [n, d], a data set or a source of rows, batch by batch. A centre without rows goes to the row that
   * is farthest from its centre, one in each iteration. Starting centres are looked for among 4096 rows (or 32 for each centre) at most.
   *
   * Throws LatentError: "data" on a value that is not finite; "argument" on options, and where there are fewer rows than clusters; "shape".
   */
  static async fit(samples: Samples, options: KMeansOptions): Promise<KMeans> {
    const where = "KMeans.fit";
    const rows = rowsOf(where, samples);
    const plan = planOf(where, options, rows.count, rows.dim);
    const weights = await weightsOf(where, options.weights, rows.count);
    const { centres, empty, ...course } = await fitCentres(where, rows, plan, weights, options);
    const warnings: string[] = [];
    if (!course.converged && plan.maxIterations > 1)
      warnings.push(
        `${where}: centres still moved after ${course.iterations} iterations. Raise maxIterations or tolerance.`,
      );
    if (empty > 0)
      warnings.push(
        `${where}: ${empty} of ${plan.clusters} centres have no rows: the data have fewer distinct rows, or a mini-batch found none.`,
      );
    const gpu = await gpuOfRows(where, rows);
    const centers = await gpu.outside(async () => gpu.tensor(centres, [plan.clusters, rows.dim]));
    return new KMeans(centers, { ...course, warnings });
  }

  /** Elements of one sample. */
  get dim(): number {
    return this.centers.shape[1]!;
  }

  /** The nearest centre of each row of x [n, d]: u32 [n]. */
  predict(x: Tensor): Tensor<"u32"> {
    return this.#ofSquares("KMeans.predict", x, (all) => argmin(all, 1)) as Tensor<"u32">;
  }

  /** Distances of each row of x [n, d] from the centres: [n, K]. */
  transform(x: Tensor): Tensor {
    return this.#ofSquares("KMeans.transform", x, sqrt);
  }

  #ofSquares(where: string, x: Tensor, of: (squares: Tensor) => Tensor): Tensor {
    const { count, dim } = tensorRows(where, x, this.dim);
    const size = rowsAtOnce(Math.max(dim, this.centers.shape[0]!));
    const all = ones(x.gpu, this.centers.shape);
    return inParts(reshape(x, [count, dim]), size, (rows) => of(distances(rows, this.centers, all)));
  }

  /** −inertia of the samples, as scikit-learn has it: higher is better. Finished in float64. */
  async score(samples: Samples, options: LongCall = {}): Promise<number> {
    const where = "KMeans.score";
    checkOptions(where, options, ["signal", "onProgress"]);
    checkCall(where, options);
    const rows: Rows = rowsOf(where, samples, this.dim, gpuOf(where, this.centers));
    const mean = await meanLogProb(where, (x) => nearest(x, this.centers).squares, rows, 1, options);
    return -mean * rows.count;
  }

  /** A safetensors file with `centers`. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { centers, inertia, iterations, converged } = this;
    const course = { inertia: String(inertia), iterations: String(iterations), converged: String(converged) };
    return modelFile("KMeans", { centers }, course);
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<KMeans> {
    const where = "KMeans.load";
    checkGpu(where, gpu);
    const { tensors, metadata } = parseModelFile(where, "KMeans", bytes);
    const [k, d] = sizesOf(where, tensors, "centers");
    const values = Float32Array.from(floats(where, tensors, "centers", [k, d]));
    const course = {
      inertia: Number(metadata.get("inertia")),
      iterations: Number(metadata.get("iterations")),
      converged: metadata.get("converged") === "true",
      warnings: [],
    };
    return new KMeans(await gpu.outside(async () => gpu.tensor(values, [k, d])), course);
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.centers.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
