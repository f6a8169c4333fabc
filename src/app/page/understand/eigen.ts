import type { Failure } from "../../job/serve.ts";
import { runInWorker } from "../../job/worker.ts";

/** Eigenvalues of a symmetric [n, n], ascending, and an eigenvector in each row. */
export interface Eigenpairs {
  readonly values: Float64Array;
  readonly vectors: Float32Array<ArrayBuffer>;
}

/** What the page asks of the worker: a covariance [features, features]. */
export interface SpectrumRequest {
  readonly covariance: Float32Array;
  readonly features: number;
}

/** What the worker answers. */
export type SpectrumAnswer = { readonly kind: "done"; readonly pairs: Eigenpairs } | Failure;

/** Eigenpairs of a covariance in float64, found in a worker. */
export const eigenpairsInWorker = (covariance: Float32Array, features: number): Promise<Eigenpairs> =>
  runInWorker<SpectrumAnswer, Eigenpairs>(
    { name: "spectrum", title: "latentgpu spectrum" },
    { covariance, features } satisfies SpectrumRequest,
    (answer, end) => {
      if (answer.kind === "done") end.accept(answer.pairs);
      else end.reject(answer);
    },
  ).result;
