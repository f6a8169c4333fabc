import { add, div, mul, sub } from "../../graph/ops/arithmetic.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { cholesky } from "../../linalg/cholesky.ts";
import { identity, ones, swap } from "../../linalg/matrix.ts";
import { timesTransposedFactor } from "../../linalg/triangular.ts";
import type { CovarianceFamily, Tensors } from "./family.ts";
import { full, outer, weighted, whitenMatrices } from "./full.ts";
import { incompleteOfMatrices } from "./missing.ts";
import { updatedMeans } from "./stack.ts";

/** The shared matrix as a stack of one. */
const stacked = ({ covariances }: Tensors): Tensors => ({
  covariances: reshape(covariances!, [1, ...covariances!.shape]),
});
/** The other way. */
const single = ({ covariances }: Tensors): Tensors => ({
  covariances: reshape(covariances!, covariances!.shape.slice(1)),
});

/** One matrix that all components share: covariances [d, d]. For mixtures alone. */
export const tied: CovarianceFamily = {
  kind: "tied",
  ranked: false,
  keepsDifferences: true,
  parameterCount: (_k, d) => (d * (d + 1)) / 2,
  shapes: (_k, d) => ({ covariances: [d, d] }),
  whiteningShapes: (_k, d) => ({ inverseFactors: [d, d] }),
  secondShape: (_k, d) => [d, d],
  whitening: ({ covariances }) => whitenMatrices(covariances!, 1),
  squaredDistances(x, { means, whitening }) {
    // one map for all: distances after it. The common part of the means goes first, so that a far origin costs no accuracy
    const origin = mean(means, 0);
    const white = (rows: Tensor) => matmul(sub(rows, origin), swap(whitening["inverseFactors"]!));
    const whiteMeans = white(means);
    return distances(white(x), whiteMeans, ones(x.gpu, whiteMeans.shape));
  },
  statistics(x, responsibilities, { means }) {
    const { rooted, ...sums } = weighted(x, responsibilities, means);
    const rows = reshape(rooted, [means.shape[0]! * x.shape[0]!, means.shape[1]!]);
    return { ...sums, second: matmul(transpose(rows), rows) };
  },
  incomplete(x, state) {
    const rows = incompleteOfMatrices(x, state, stacked(state.covariances)["covariances"]!);
    const statistics = (r: Tensor) => {
      const { second, ...sums } = rows.statistics(r);
      return { ...sums, second: sum(second, 0) };
    };
    return { ...rows, statistics };
  },
  moments: ({ covariances, means }, regularization) =>
    sub(covariances["covariances"]!, mul(identity(means.gpu, means.shape[1]!), regularization)),
  maximise(statistics, { means }, regularization) {
    const { counts, total, shift, weights, means: next } = updatedMeans(statistics, means);
    const [k, d] = means.shape as [number, number];
    const missed = sum(mul(outer(shift), reshape(counts, [k, 1, 1])), 0);
    const ridge = mul(identity(means.gpu, d), regularization);
    const covariances = add(div(sub(statistics.second, missed), total), ridge);
    return { weights, means: next, covariances: { covariances } };
  },
  colour: ({ covariances }, { noise, features }) =>
    timesTransposedFactor(noise(features), cholesky(covariances!).factor),
  dense: (covariances) => full.dense(stacked(covariances), 0),
  marginal: (covariances, indices) => single(full.marginal(stacked(covariances), indices)),
  condition(covariances, observed, hidden, centred) {
    const [k, n, features] = centred.shape as [number, number, number];
    const rows = reshape(centred, [1, k * n, features]);
    const { shift, covariances: left } = full.condition(stacked(covariances), observed, hidden, rows);
    return { shift: reshape(shift, [k, n, hidden.size]), covariances: single(left) };
  },
};
