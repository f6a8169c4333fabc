import { check, named } from "../device/errors.ts";
import { maximum, mul } from "../graph/ops/arithmetic.ts";
import { log } from "../graph/ops/elementwise.ts";
import { concat } from "../graph/ops/part.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Moments } from "../linalg/moments.ts";
import { klOf } from "./probabilities.ts";

/** The least normal float32: it keeps log finite, so that p·log p is 0 at p = 0. */
const LEAST = 2 ** -126;
/** How far log 1 may be above 0: WGSL allows 2⁻²¹. */
const ROUNDING = 1e-6;

/**
 * Class probabilities [n, classes] as rows [n, classes + 1], the last column Σ p log p. Moments of such rows tell a class score, its deviation and
 * its bias, since the influence KL(p ‖ p̄) is linear in them. They merge, so that no machine needs all samples.
 *
 *     const moments = await Moments.of(classRows(gpu.tensor([[0.9, 0.1], [0.2, 0.8]])));
 *     const { value } = await classScore({ moments });
 */
export const classRows = (p: Tensor): Tensor =>
  concat([p, sum(mul(p, log(maximum(p, LEAST))), 1, { keepDims: true })], 1);

/**
 * Mean and variance of KL(p ‖ p̄) over the rows of which these are the moments, and Σ_c Var(p_c)/(2 n p̄_c).
 * Throws LatentError: "argument" on what are no moments, "data" on moments of other rows.
 */
export function klMomentsOf(where: string, moments: Moments) {
  check(moments?.mean instanceof Float64Array && moments.dim > 1, "argument", where, () => {
    return `expected moments as Moments of classRows(probabilities); got ${named(moments)}.`;
  });
  const { mean, covariance, count, dim } = moments;
  const classes = dim - 1;
  const marginal = mean.slice(0, classes);
  const total = marginal.reduce((a, b) => a + b, 0);
  check(
    Math.abs(total - 1) <= 1e-3 && marginal.every((share) => share >= 0) && mean[classes]! <= ROUNDING,
    "data",
    where,
    () => {
      return `expected moments of classRows(probabilities), whose means sum to 1; got a sum of ${total}, and ${mean[classes]} as the mean of Σ p log p, which is at most 0.`;
    },
  );
  // KL(p ‖ p̄) = Σ p log p − Σ p log p̄
  const slope = Float64Array.from(mean, (share, c) => (c === classes ? 1 : share > 0 ? -Math.log(share) : 0));
  const one = new Float64Array(classes).fill(1);
  let [variance, bend] = [0, 0];
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) variance += slope[i]! * slope[j]! * covariance[i * dim + j]!;
    if (i < classes && marginal[i]! > 0) bend += covariance[i * (dim + 1)]! / (2 * count * marginal[i]!);
  }
  return { mean: mean[classes]! - klOf(marginal, 0, one), variance: Math.max(0, variance), bend, count };
}
