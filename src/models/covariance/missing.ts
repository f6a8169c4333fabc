import { add, div, mul, square, sub, where } from "../../graph/ops/arithmetic.ts";
import { isNaN, log } from "../../graph/ops/elementwise.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { concat } from "../../graph/ops/part.ts";
import { expand, reshape, transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cholesky, inverseOfFactor, logdetOfFactor } from "../../linalg/cholesky.ts";
import { identity, swap } from "../../linalg/matrix.ts";
import type { EmState, Incomplete } from "./family.ts";
import { differences } from "./stack.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** Masks [n, d], and differences from the means [K, n, d] with 0 for what is missing. */
function split(x: Tensor, means: Tensor) {
  const missing = isNaN(x);
  const observed = where(missing, 0, 1);
  const hidden = where(missing, 1, 0);
  const centred = differences(where(missing, 0, x), means);
  return { observed, hidden, centred: mul(centred, observed), constant: mul(sum(observed, 1), LOG_TWO_PI) };
}

/** −2 log density of parts [K, n], with the constant of each row. */
const joined = (parts: Tensor, constant: Tensor): Tensor => add(transpose(parts), reshape(constant, [-1, 1]));

/** r [n, K] as [K, n, 1]. */
const column = (r: Tensor): Tensor => reshape(transpose(r), [r.shape[1]!, r.shape[0]!, 1]);

const counted = (r: Tensor, centred: Tensor) => ({ n: sum(r, 0), first: sum(mul(centred, column(r)), 1) });

/** With variances [K, d]: what is missing is expected at the mean. `second` is [K, d]. */
export function incompleteOfVariances(x: Tensor, { means }: EmState, variances: Tensor): Incomplete {
  const { observed, hidden, centred, constant } = split(x, means);
  const [k, d] = means.shape as [number, number];
  const squares = sum(div(square(centred), reshape(variances, [k, 1, d])), 2);
  const logDet = matmul(log(variances), transpose(observed));
  return {
    squares: joined(add(squares, logDet), constant),
    centred,
    statistics(r) {
      const away = mul(matmul(transpose(r), hidden), variances);
      return { ...counted(r, centred), second: add(sum(mul(square(centred), column(r)), 1), away) };
    },
  };
}

/** With matrices [K, d, d]; missing rows and columns become those of the identity, so that one factorisation serves every pattern. `second` is [K, d, d]. */
export function incompleteOfMatrices(x: Tensor, { means }: EmState, matrices: Tensor): Incomplete {
  const { observed, hidden, centred: difference, constant } = split(x, means);
  const [n, d] = x.shape as [number, number];
  const k = means.shape[0]!;
  const sigma = reshape(expand(matrices, [k, d, d]), [k, 1, d, d]);
  const [rows, columns] = [reshape(observed, [1, n, d, 1]), reshape(observed, [1, n, 1, d])];
  const away = mul(identity(x.gpu, d), reshape(hidden, [1, n, 1, d]));
  const { factor } = cholesky(add(mul(mul(sigma, rows), columns), away));
  const inverse = inverseOfFactor(factor);
  // with l·lᵀ = Σ_oo: l⁻¹ c and t = l⁻¹ Σ_o·
  const white = matmul(inverse, reshape(difference, [k, n, d, 1]));
  const t = matmul(inverse, mul(sigma, rows));
  const expected = reshape(matmul(swap(t), white), [k, n, d]);
  const centred = add(difference, mul(expected, hidden));
  const squares = add(sum(square(reshape(white, [k, n, d])), 2), logdetOfFactor(factor));
  return {
    squares: joined(squares, constant),
    centred,
    statistics(r) {
      const both = mul(reshape(hidden, [1, n, d, 1]), reshape(hidden, [1, n, 1, d]));
      const left = mul(sub(sigma, matmul(swap(t), t)), both);
      const uncertain = sum(mul(left, reshape(column(r), [k, n, 1, 1])), 1);
      return { ...counted(r, centred), second: add(matmul(swap(mul(centred, column(r))), centred), uncertain) };
    },
  };
}

/**
 * With loadings W [K, d, rank] and noise ψ [K, d], in O(n · d · rank²): M = I + W_oᵀ Ψ_o⁻¹ W_o for each row, codes z = M⁻¹ W_oᵀ Ψ_o⁻¹ c_o,
 *
 *     E[c_h] = W_h z,   Cov[c_h] = W_h M⁻¹ W_hᵀ + Ψ_h
 *
 * `second` is [S·B | diag S], B the projections of the state: [K, d, rank + 1].
 */
export function incompleteOfLoadings(x: Tensor, state: EmState, noise: Tensor): Incomplete {
  const { means, covariances, whitening } = state;
  const loadings = covariances["loadings"]!;
  const { observed, hidden, centred: difference, constant } = split(x, means);
  const [n, d] = x.shape as [number, number];
  const [k, , rank] = loadings.shape as [number, number, number];
  const byNoise = div(loadings, reshape(noise, [k, d, 1]));
  /** a_j ⊗ b_j of each feature: [K, d, rank²]. */
  const pairs = (a: Tensor, b: Tensor): Tensor =>
    reshape(mul(reshape(a, [k, d, rank, 1]), reshape(b, [k, d, 1, rank])), [k, d, rank * rank]);
  const precision = reshape(matmul(observed, pairs(byNoise, loadings)), [k, n, rank, rank]);
  const { factor } = cholesky(add(precision, identity(x.gpu, rank)));
  const half = inverseOfFactor(factor);
  const posterior = matmul(swap(half), half);
  const codes = reshape(matmul(posterior, reshape(matmul(difference, byNoise), [k, n, rank, 1])), [k, n, rank]);
  const expected = matmul(codes, swap(loadings));
  const centred = add(difference, mul(expected, hidden));
  const rest = mul(sub(difference, expected), observed);
  const logDet = add(matmul(log(noise), transpose(observed)), logdetOfFactor(factor));
  const squares = add(sum(div(square(rest), reshape(noise, [k, 1, d])), 2), sum(square(codes), 2));
  return {
    squares: joined(add(squares, logDet), constant),
    centred,
    statistics(r) {
      const probes = whitening["projections"]!;
      const own = column(r);
      // sums over rows of r h_j M⁻¹ and of r h_j M⁻¹ Wᵀ(h∘B), for each feature j
      const perRow = mul(hidden, own);
      const along = reshape(matmul(hidden, pairs(loadings, probes)), [k, n, rank, rank]);
      const sumsOf = (matrices: Tensor): Tensor =>
        reshape(matmul(swap(perRow), reshape(matrices, [k, n, rank * rank])), [k, d, rank, rank]);
      const row = reshape(loadings, [k, d, 1, rank]);
      const away = reshape(sum(perRow, 1), [k, d, 1]);
      const ownNoise = mul(away, reshape(noise, [k, d, 1]));
      const structured = reshape(matmul(row, sumsOf(matmul(posterior, along))), [k, d, rank]);
      const projected = add(
        matmul(swap(mul(centred, own)), matmul(centred, probes)),
        add(structured, mul(ownNoise, probes)),
      );
      const variances = reshape(matmul(matmul(row, sumsOf(posterior)), swap(row)), [k, d, 1]);
      const squared = reshape(sum(mul(square(centred), own), 1), [k, d, 1]);
      const second = concat([projected, add(squared, add(variances, ownNoise))], 2);
      return { ...counted(r, centred), second };
    },
  };
}

/** Second moments of covariances in the form of loadings' statistics, [Σ·B | diag Σ]. */
export function momentsOfLoadings({ covariances, whitening }: EmState, noise: Tensor): Tensor {
  const loadings = covariances["loadings"]!;
  const probes = whitening["projections"]!;
  const [k, d] = noise.shape as [number, number];
  const own = reshape(noise, [k, d, 1]);
  const projected = add(matmul(loadings, matmul(swap(loadings), probes)), mul(own, probes));
  return concat([projected, add(sum(square(loadings), 2, { keepDims: true }), own)], 2);
}
