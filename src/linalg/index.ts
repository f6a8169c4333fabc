import { cholesky, inverse, logdet } from "./cholesky.ts";
import { covariance } from "./covariance.ts";
import { eigh, svdvals } from "./spectrum.ts";
import { solveTriangular } from "./triangular.ts";

/** Linear algebra on tensors. Everything records and returns at once, but eigh and svdvals, which finish on the CPU. */
export const linalg = { covariance, cholesky, solveTriangular, logdet, inverse, eigh, svdvals } as const;

export type { CovarianceOptions } from "./covariance.ts";
