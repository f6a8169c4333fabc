import { check, LatentError } from "../../device/errors.ts";
import { square } from "../../graph/ops/arithmetic.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cholesky, inverseOfFactor } from "../../linalg/cholesky.ts";
import { diagonal } from "../../linalg/matrix.ts";
import { factorOf, inverseOfTriangle } from "../../linalg/symmetric.ts";
import { eigenvalues } from "../../linalg/tridiagonal.ts";
import { timesTransposedFactor } from "../../linalg/triangular.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Origin, Roots } from "./family.ts";

/** Up to so many features a covariance is factorised in float64 on the CPU. */
export const FEATURES_ON_CPU = 256;
/** Below this part of its variance a pivot is too near to what f32 products leave of a zero. */
export const NEARLY_SINGULAR = 2 ** -12;

/** Throws LatentError("numeric") naming the first variance that f32 cannot hold as a positive number, or that is no more than `least`, its rounding. */
export function checkVariances(
  where: string,
  variances: ArrayLike<number>,
  { name = (i) => `feature ${i} has variance`, least = () => 0, remedy = "Set regularization." }: VarianceNames = {},
): void {
  for (let i = 0; i < variances.length; i++) {
    const rounded = Math.fround(variances[i]!);
    if (rounded > 0 && Number.isFinite(rounded) && variances[i]! > least(i)) continue;
    const isScale = variances[i]! > 0 && !(rounded > 0 && Number.isFinite(rounded));
    const why = isScale ? "" : variances[i]! > 0 ? ", no more than rounding" : "";
    throw new LatentError(
      "numeric",
      `${where}: ${name(i)} ${variances[i]}${why}. Expected > 0. ${isScale ? "Scale the data: f32 cannot hold it." : remedy}`,
    );
  }
}

interface VarianceNames {
  readonly name?: (index: number) => string;
  readonly least?: (index: number) => number;
  readonly remedy?: string;
}

/** What rounding leaves of a variance that is zero, of a feature with this variance and mean: of samples in f32, or of sums in f32. */
export const roundingOf = (origin: Origin, variance: number, i: number): number =>
  origin.kind === "samples" ? 4 * 2 ** -48 * origin.mean[i]! ** 2 : origin.precision ** 2 * Math.abs(variance);

/** How many directions of a covariance [d, d] are above rounding: eigenvalues of the correlations, in float64. */
function rankOf(covariance: Float64Array, d: number, least: (i: number) => number): number {
  const varied = Array.from({ length: d }, (_, i) => i).filter((i) => covariance[i * d + i]! > least(i));
  const n = varied.length;
  const correlations = new Float64Array(n * n);
  let rounding = 0;
  for (const [a, i] of varied.entries()) {
    rounding = Math.max(rounding, least(i) / covariance[i * d + i]!);
    for (const [b, j] of varied.entries())
      correlations[a * n + b] =
        covariance[i * d + j]! / Math.sqrt(covariance[i * d + i]!) / Math.sqrt(covariance[j * d + j]!);
  }
  return n === 0 ? 0 : eigenvalues(correlations, n).filter((value) => value > rounding).length;
}
/** Up to so many features the rank of a covariance is found. */
const FEATURES_RANKED = 1024;

const notPositive = (where: string, pivot: number, d: number, value: number | null, rank: number | null): LatentError =>
  new LatentError(
    "numeric",
    `${where}: the covariance is not positive definite: pivot ${pivot} of ${d} is ${value === null ? "" : `${value}, which is `}not above rounding${rank === null ? "" : `, and its rank is ${rank}`}. Feature ${pivot} is constant, or a combination of those before it. Set regularization (say 1e-6 of the mean variance), shrinkage, or covariance "diag".`,
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
export async function rootsOf(
  where: string,
  gpu: Gpu,
  covariance: Float64Array,
  origin: Origin,
  signal?: AbortSignal,
): Promise<Roots> {
  const d = Math.round(Math.sqrt(covariance.length));
  // one that is zero or negative is a pivot that fails
  checkVariances(
    where,
    Float64Array.from({ length: d }, (_, i) => covariance[i * d + i]!).map((v) => (v > 0 ? v : 1)),
  );
  if (d > FEATURES_ON_CPU) return rootsOnGpu(where, gpu, covariance, d, signal);
  const least = (i: number): number => {
    const own = Math.abs(covariance[i * d + i]!);
    const rounding = 4 * d * 2 ** -53 * own;
    if (origin.kind === "numbers") return Math.max(rounding, Math.sqrt(d) * origin.precision * own);
    return Math.max(rounding, 4 * d * 2 ** -48 * (own + origin.mean[i]! ** 2));
  };
  const factor = factorOf(covariance, d, least);
  if (!(factor instanceof Float64Array))
    throw notPositive(where, factor.pivot, d, factor.value, rankOf(covariance, d, least));
  return rootsFrom(gpu, Float32Array.from(factor), d);
}

/** Roots of l·lᵀ, given l [d, d] as a file holds it: the inverse is that of the rounded factor, so that both belong together. */
export function rootsFrom(gpu: Gpu, factor: Float32Array<ArrayBuffer>, d: number): Roots {
  let logDet = 0;
  for (let i = 0; i < d; i++) logDet += 2 * Math.log(factor[i * d + i]!);
  const inverse = inverseOfTriangle(factor, d);
  return rootsOfFactor(gpu.tensor(factor, [d, d]), gpu.tensor(inverse, [d, d]), logDet);
}

async function rootsOnGpu(where: string, gpu: Gpu, covariance: Float64Array, d: number, signal?: AbortSignal) {
  const tensors = gpu.within(() => {
    const { factor, failedPivot } = cholesky(gpu.tensor(covariance, [d, d]));
    return [factor, inverseOfFactor(factor), failedPivot, diagonal(factor)];
  }) as [Tensor, Tensor, Tensor, Tensor];
  const [factor, inverse, failedPivot, pivots] = tensors;
  try {
    await gpu.evaluate(tensors, { signal });
    const failed = await failedPivot.item();
    if (failed >= 0) {
      const least = (i: number) => Math.sqrt(d) * 2 ** -24 * Math.abs(covariance[i * d + i]!);
      throw notPositive(where, failed, d, null, d <= FEATURES_RANKED ? rankOf(covariance, d, least) : null);
    }
    const logDet = Float64Array.from(await pivots.read({ signal })).reduce((total, v) => total + 2 * Math.log(v), 0);
    for (const t of [failedPivot, pivots]) t.dispose();
    return rootsOfFactor(factor, inverse, logDet);
  } catch (error) {
    for (const t of tensors) t.dispose();
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
