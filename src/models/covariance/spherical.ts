import { mul, sqrt, sub } from "../../graph/ops/arithmetic.ts";
import { gather } from "../../graph/ops/gather.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { onDiagonal, zeros } from "../../linalg/matrix.ts";
import { diagonal, diagonalOf, maximisedVariances, rootsOfVariances, whitenVariances } from "./diagonal.ts";
import type { CovarianceFamily } from "./family.ts";
import { incompleteOfVariances } from "./missing.ts";
import { checkVariances, roundingOf } from "./roots.ts";

/** One variance for all d features: [K] as [K, d]. */
export const spreadOver = (variances: Tensor, d: number): Tensor =>
  expand(reshape(variances, [variances.size, 1]), [variances.size, d]);

/** One variance: covariances [K]. */
export const spherical: CovarianceFamily = {
  ...diagonal,
  kind: "spherical",
  parameterCount: (k) => k,
  shapes: (k) => ({ covariances: [k] }),
  whitening: ({ covariances }, means) => whitenVariances(spreadOver(covariances!, means.shape[1]!), means),
  incomplete: (x, state) =>
    incompleteOfVariances(x, state, spreadOver(state.covariances["covariances"]!, state.means.shape[1]!)),
  moments: ({ covariances, means, weights }, regularization) =>
    mul(sub(spreadOver(covariances["covariances"]!, means.shape[1]!), regularization), reshape(weights, [-1, 1])),
  maximise(statistics, { means }, regularization) {
    const { variances, ...rest } = maximisedVariances(statistics, means, regularization);
    return { ...rest, covariances: { covariances: mean(variances, 1) } };
  },
  colour({ covariances }, { noise, labels, features }) {
    return mul(noise(features), gather(sqrt(spreadOver(covariances!, features)), labels));
  },
  dense: ({ covariances }, d) => onDiagonal(spreadOver(covariances!, d)),
  marginal: (covariances) => covariances,
  condition: (covariances, _observed, hidden, { gpu, shape: [k, n] }) => ({
    shift: zeros(gpu, [k!, n!, hidden.size]),
    covariances,
  }),
  estimate({ where, sums, divisor, regularization, origin }) {
    const d = sums.mean.length;
    const total = diagonalOf(sums.products, d).reduce((sum, value) => sum + value / divisor, 0);
    const covariances = Float64Array.of(total / d + regularization);
    const rounding = sums.mean.reduce((sum, _, i) => sum + roundingOf(origin, total / d, i), 0) / d;
    const name = () => "all rows are one point: their variance is";
    checkVariances(where, covariances, { name, least: () => rounding });
    return { covariances };
  },
  roots(where, gpu, { covariances }, d) {
    checkVariances(where, covariances!, { name: () => "the variance is" });
    return rootsOfVariances(gpu, new Float64Array(d).fill(Math.fround(covariances![0]!)));
  },
};
