import { add, div, maximum, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { identity, swap } from "./matrix.ts";
import { scales } from "./polar.ts";

/**
 * x with r·x + x·r = c, for symmetric positive semidefinite r and symmetric c, both [..., n, n].
 *
 * The matrix sign function of [[r, c], [0, −r]] is [[I, 2x], [0, −I]]; its iteration, with the scales of `polar`, is
 *
 *     c ← ½ (c·(3 − r²) − r·(r·c − c·r)),   r ← ½ r·(3 − r²)
 *
 * Parts of c in directions where r is below about 10⁻⁶ of its largest eigenvalue need not converge: they come out too small. 22 steps of six
 * products. Sources: Roberts 1980; Higham, Functions of Matrices, 2008, chapter 5.
 */
export function lyapunov(r: Tensor, c: Tensor): Tensor {
  const one = identity(r.gpu, r.shape.at(-1)!);
  // ‖r²‖_F is at least the square of the largest eigenvalue
  const bound = maximum(sqrt(sqrt(sum(square(matmul(r, r)), [-2, -1], { keepDims: true }))), 2 ** -126);
  let [a, x] = [div(r, bound), div(c, bound)];
  for (const rho of scales()) {
    [a, x] = [mul(a, rho), mul(x, rho)];
    const factor = sub(mul(one, 1.5), mul(matmul(a, a), 0.5));
    const commutator = sub(matmul(a, x), matmul(x, a));
    [x, a] = [sub(matmul(x, factor), mul(matmul(a, commutator), 0.5)), matmul(a, factor)];
  }
  // both of what symmetry makes equal
  const half = mul(x, 0.25);
  return add(half, swap(half));
}
