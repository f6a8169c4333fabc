export { cholesky, inverse, logdet } from "./cholesky.ts";
export { covariance } from "./covariance.ts";
export { polar } from "./polar.ts";
export { eigh, svdvals } from "./spectrum.ts";
export { sqrtm } from "./sqrtm.ts";
export { solveTriangular } from "./triangular.ts";
