export { cholesky } from "./cholesky.ts";
export { covariance } from "./covariance.ts";
export { det, inverse, logdet, solve } from "./lu.ts";
export { polar } from "./polar.ts";
export { qr } from "./qr.ts";
export { eigh, svdvals } from "./spectrum.ts";
export { sqrtm } from "./sqrtm.ts";
export { solveTriangular } from "./triangular.ts";
