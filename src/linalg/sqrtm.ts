import { add, div, maximum, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { customGradient } from "../graph/ops/customGradient.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { max, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkSquare } from "./cholesky.ts";
import { lyapunov } from "./lyapunov.ts";
import { diagonal, swap } from "./matrix.ts";
import { polar } from "./polar.ts";
import { roundingOfPivots, semidefiniteRows } from "./semidefinite.ts";

/** The Frobenius norm of each matrix of a stack. */
const norm = (a: Tensor): Tensor => sqrt(sum(square(a), [-2, -1]));

/**
 * The principal square root of symmetric positive semidefinite matrices a [..., n, n], which is symmetric and semidefinite, too.
 *
 *     a = factorᵀ·factor,  factor = unitary · root  (polar),  so  root² = a;  residual = |root² − a|_F / |a|_F
 *
 * `root` [..., n, n], `residual` [...], both tensors: 2⁻¹⁴ or less where a is semidefinite, singular or not. An a that is not
 * semidefinite is no error: its root belongs to the part that has one, and `residual` tells how much is missing (1 for −I). An a that
 * is not symmetric, too, has a large residual. Entries between 10⁻¹⁹ and 10¹⁹ in size keep their squares finite.
 * The gradient x of a, that of a symmetric a, solves root·x + x·root = g (Sylvester's equation, see `lyapunov`); a needs no eigenvalue
 * below about 10⁻¹² of its largest for it. Records and returns at once. Throws LatentError("shape") unless the matrices are square.
 * Source: Higham, Functions of Matrices, 2008, algorithm 6.21, with a pivoted factor.
 *
 *     const { root } = linalg.sqrtm(gpu.tensor([[4, 0], [0, 9]]));
 *     await root.read(); // 2, 0, 0, 3
 */
export function sqrtm(a: Tensor): { root: Tensor; residual: Tensor } {
  checkSquare("linalg.sqrtm", a);
  const root = rootOf(a);
  return { root, residual: div(norm(sub(matmul(root, root), a)), maximum(norm(a), 2 ** -126)) };
}

const rootOf: (a: Tensor) => Tensor = /* @__PURE__ */ customGradient(factored, ([g], [a]) => [
  // the root anew, which has a gradient; plans merge the two
  lyapunov(rootOf(a), mul(add(g!, swap(g!)), 0.5)),
]);

function factored(a: Tensor): Tensor {
  const own = maximum(diagonal(a), 0);
  const least = mul(sqrt(mul(own, max(own, -1, { keepDims: true }))), roundingOfPivots(a.shape.at(-1)!));
  const { factor } = semidefiniteRows(a, least);
  return polar(factor).positive;
}
