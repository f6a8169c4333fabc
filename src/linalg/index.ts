import { cholesky, inverse, logdet } from "./cholesky.ts";
import { covariance } from "./covariance.ts";
import { polar } from "./polar.ts";
import { eigh, svdvals } from "./spectrum.ts";
import { sqrtm } from "./sqrtm.ts";
import { solveTriangular } from "./triangular.ts";

/** Linear algebra on tensors. Everything records and returns at once, but eigh and svdvals, which look at their values. */
export const linalg = {
  covariance,
  cholesky,
  solveTriangular,
  logdet,
  inverse,
  eigh,
  svdvals,
  polar,
  sqrtm,
} as const;

export type { CovarianceOptions } from "./covariance.ts";
