// The eigenvalues and eigenvectors of a covariance, in a worker: on a slow machine they take seconds, in which the page stays awake.
import { eigenpairs } from "../linalg/tridiagonal.ts";
import { serveRun } from "./job/serve.ts";
import type { SpectrumAnswer, SpectrumRequest } from "./page/understand/eigen.ts";

serveRun<SpectrumRequest>("The spectrum was stopped.", async ({ covariance, features }) => {
  const { values, vectors } = eigenpairs(Float64Array.from(covariance), features);
  postMessage({ kind: "done", pairs: { values, vectors: Float32Array.from(vectors) } } satisfies SpectrumAnswer);
});
