import { check, LatentError } from "../../device/errors.ts";
import { square } from "../../graph/ops/arithmetic.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cholesky, inverseOfFactor } from "../../linalg/cholesky.ts";
import { diagonal } from "../../linalg/matrix.ts";
import { factorOf, inverseOfTriangle } from "../../linalg/symmetric.ts";
import { timesTransposedFactor } from "../../linalg/triangular.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Origin, Roots } from "./family.ts";

/** Up to so many features a covariance is factorised in float64 on the CPU. */
export const FEATURES_ON_CPU = 256;
/** Below this part of its variance a pivot is too near to what f32 products leave of a zero. */
export const NEARLY_SINGULAR = 2 ** -12;

/** Throws LatentError("numeric") naming the first variance that f32 cannot hold as a positive number. */
export function checkVariances(where: string, variances: ArrayLike<number>): void {
  for (let i = 0; i < variances.length; i++) {
    const rounded = Math.fround(variances[i]!);
    if (rounded > 0 && Number.isFinite(rounded)) continue;
    const remedy = variances[i]! > 0 ? "Scale the data: f32 cannot hold it." : "Set regularization.";
    throw new LatentError("numeric", `${where}: feature ${i} has variance ${variances[i]}. Expected > 0. ${remedy}`);
  }
}

const notPositive = (where: string, pivot: number, d: number, value: number | null): LatentError =>
  new LatentError(
    "numeric",
    `${where}: the covariance is not positive definite: pivot ${pivot} of ${d} is ${value === null ? "" : `${value}, which is `}not above rounding. Feature ${pivot} is constant, or a combination of those before it. Set regularization (say 1e-6 of the mean variance), shrinkage, or covariance "diag".`,
  );

/** Roots of l·lᵀ, given l and l⁻¹, lower triangular [d, d]. */
const rootsOfFactor = (factor: Tensor, inverse: Tensor, logDet: number): Roots => ({
  logDet,
  colour: (noise) => timesTransposedFactor(noise, factor),
  whiten: (centred) => timesTransposedFactor(centred, inverse),
  squaredDistances: (centred) => sum(square(timesTransposedFactor(centred, inverse)), 1),
  parts: () => ({ loadings: transpose(factor), noise: null }),
  precisions: () => sum(square(inverse), 0),
  tensors: { factor, inverse },
});

/**
 * Roots of a covariance [d, d]: of few features in float64 on the CPU, and rounded once; else in f32 on the GPU.
 * Throws LatentError("numeric") where a pivot is not above rounding, naming it. Nothing is ever added to a pivot.
 */
export async function rootsOf(where: string, gpu: Gpu, covariance: Float64Array, origin: Origin): Promise<Roots> {
  const d = Math.round(Math.sqrt(covariance.length));
  // one that is zero or negative is a pivot that fails
  checkVariances(
    where,
    Float64Array.from({ length: d }, (_, i) => covariance[i * d + i]!).map((v) => (v > 0 ? v : 1)),
  );
  if (d > FEATURES_ON_CPU) return rootsOnGpu(where, gpu, covariance, d);
  const least = (i: number): number => {
    const own = Math.abs(covariance[i * d + i]!);
    const rounding = 4 * d * 2 ** -53 * own;
    if (origin.kind === "numbers") return Math.max(rounding, Math.sqrt(d) * origin.precision * own);
    return Math.max(rounding, 4 * d * 2 ** -48 * (own + origin.mean[i]! ** 2));
  };
  const factor = factorOf(covariance, d, least);
  if (!(factor instanceof Float64Array)) throw notPositive(where, factor.pivot, d, factor.value);
  return rootsFrom(gpu, Float32Array.from(factor), d);
}

/** Roots of l·lᵀ, given l [d, d] as a file holds it: the inverse is that of the rounded factor, so that both belong together. */
export function rootsFrom(gpu: Gpu, factor: Float32Array<ArrayBuffer>, d: number): Roots {
  let logDet = 0;
  for (let i = 0; i < d; i++) logDet += 2 * Math.log(factor[i * d + i]!);
  const inverse = inverseOfTriangle(factor, d);
  return rootsOfFactor(gpu.tensor(factor, [d, d]), gpu.tensor(inverse, [d, d]), logDet);
}

async function rootsOnGpu(where: string, gpu: Gpu, covariance: Float64Array, d: number): Promise<Roots> {
  const made = gpu.within(() => {
    const { factor, failedPivot } = cholesky(gpu.tensor(covariance, [d, d]));
    return [factor, inverseOfFactor(factor), failedPivot, diagonal(factor)];
  }) as [Tensor, Tensor, Tensor, Tensor];
  const [factor, inverse, failedPivot, pivots] = made;
  try {
    await gpu.evaluate(made);
    const failed = await failedPivot.item();
    if (failed >= 0) throw notPositive(where, failed, d, null);
    const logDet = Float64Array.from(await pivots.read()).reduce((total, v) => total + 2 * Math.log(v), 0);
    for (const t of [failedPivot, pivots]) t.dispose();
    return rootsOfFactor(factor, inverse, logDet);
  } catch (error) {
    for (const t of made) t.dispose();
    throw error;
  }
}

/**
 * Throws LatentError("format") unless l [d, d] is lower triangular with a positive diagonal, and l·lᵀ is the covariance to within
 * what f32 leaves: 10⁻⁵ · √(Σ_ii Σ_jj).
 */
export function checkFactor(where: string, l: Float32Array, covariance: Float64Array, d: number): void {
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const value = l[i * d + j]!;
      const right = j > i ? value === 0 : j < i || value > 0;
      let product = 0;
      for (let k = 0; k <= Math.min(i, j); k++) product += l[i * d + k]! * l[j * d + k]!;
      const size = Math.sqrt(covariance[i * d + i]! * covariance[j * d + j]!);
      check(
        right && Math.abs(product - covariance[i * d + j]!) <= 1e-5 * size,
        "format",
        where,
        () =>
          `factor does not belong to covariance at [${i}, ${j}]. Expected a lower triangle l with l·lᵀ = ${covariance[i * d + j]} there; got ${value} and ${product}.`,
      );
    }
}
