import { check, LatentError } from "../device/errors.ts";
import { factorOf } from "../linalg/symmetric.ts";

/** A full Gaussian over codes: N(mean, L·Lᵀ). */
export interface CodeGaussian {
  /** [latent]. */
  readonly mean: Float32Array<ArrayBuffer>;
  /** [latent, latent], lower triangle, row-major. */
  readonly factor: Float32Array<ArrayBuffer>;
}

/**
 * Maximum-likelihood Gaussian of codes [n, latent], in float64; 10⁻⁶ of the mean variance is added to the diagonal.
 * Throws LatentError("numeric") where a code is not finite.
 */
export function gaussianOfCodes(codes: Float32Array, latent: number): CodeGaussian {
  const n = codes.length / latent;
  check(codes.every(Number.isFinite), "numeric", "AutoEncoder", () => "a code of the training images is not finite.");
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
      `AutoEncoder: covariance of the codes is not positive definite at dimension ${factor.pivot}.`,
    );
  return { mean: Float32Array.from(mean), factor: Float32Array.from(factor) };
}

/** Throws LatentError("format") unless l [size, size] is a lower triangle with a positive diagonal. */
export function checkTriangle(where: string, l: Float32Array, size: number): void {
  for (let at = 0; at < l.length; at++) {
    const [i, j] = [Math.floor(at / size), at % size];
    check(
      j > i ? l[at] === 0 : j < i || l[at]! > 0,
      "format",
      where,
      () => `codes.factor is no triangle at [${i}, ${j}]. Expected 0 above the diagonal and > 0 on it; got ${l[at]}.`,
    );
  }
}
