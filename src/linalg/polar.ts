import { check, show } from "../device/errors.ts";
import { add, div, maximum, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { abs } from "../graph/ops/elementwise.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { max, sum } from "../graph/ops/sum.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { identity, swap } from "./matrix.ts";

/** Singular values from this part of the largest on converge: one unit of rounding. */
const LEAST = 2 ** -24;
/** No step maps the largest singular value below this: a step that shrinks it further would magnify rounding. */
const FLOOR = 0.3;
/** Singular values are this near to 1 before the last step, which squares the gap. */
const NEAR = 2 ** -12;
/** The smallest normal f32. */
const TINY = 2 ** -126;

/** What a step of scale ρ makes of a singular value:  x · (3ρ − ρ³x²) / 2. */
const image = (rho: number, x: number): number => 0.5 * rho * x * (3 - (rho * x) ** 2);

/**
 * The scales ρ of the steps that take every singular value of [LEAST, 1] to 1.
 *
 * ρ = √(3 / (1 + s + s²)) maps the ends of [s, 1] to the same value, which becomes the next s; it is held where it would map
 * 1 below FLOOR. Source: Chen & Chow, A stable scaling of Newton–Schulz for improving the sign function computation, 2014.
 */
export function scales(): number[] {
  // image(ρ, 1) falls from 1 at ρ = 1 to 0 at √3
  let [low, most] = [1, Math.sqrt(3)];
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + most) / 2;
    if (image(middle, 1) > FLOOR) low = middle;
    else most = middle;
  }
  const list: number[] = [];
  for (let s = LEAST; 1 - s > NEAR;) {
    const rho = Math.min(most, Math.sqrt(3 / (1 + s + s * s)));
    list.push(rho);
    s = Math.min(image(rho, s), image(rho, 1));
  }
  return [...list, 1];
}

/** The iterates from a [..., m, n] towards its unitary factor; the last one is it. Two products a step, nothing read back. */
export function* towardsUnitary(a: Tensor): Generator<Tensor> {
  const [m, n] = a.shape.slice(-2) as [number, number];
  const gram = (x: Tensor) => (m < n ? matmul(x, swap(x)) : matmul(swap(x), x));
  const normalised = div(a, maximum(max(abs(a), [-2, -1], { keepDims: true }), TINY));
  // ‖xᵀx‖_F = (Σ σ⁴)^½ is at least the square of the largest singular value, and at most √n times it
  const bound = sqrt(sqrt(sum(square(gram(normalised)), [-2, -1], { keepDims: true })));
  let x = div(normalised, maximum(bound, TINY));
  const one = identity(a.gpu, Math.min(m, n));
  for (const rho of scales()) {
    const factor = sub(mul(one, 1.5 * rho), mul(gram(x), 0.5 * rho ** 3));
    x = m < n ? matmul(factor, x) : matmul(x, factor);
    yield x;
  }
}

/**
 * The polar decomposition a = unitary · positive of matrices a [..., m, n] (`u` and `p` of scipy.linalg.polar).
 *
 *     x₀ = a / bound,  x ← x · (3ρ − ρ³·xᵀx) / 2,  unitary = x,  positive = (unitaryᵀ·a + aᵀ·unitary) / 2
 *
 * `unitary` is [..., m, n], with orthonormal columns where m ≥ n, orthonormal rows where m < n, within 2⁻¹⁴. `positive` is [..., n, n],
 * exactly symmetric, positive semidefinite within rounding, (aᵀa)^½. |a − unitary·positive|_F ≤ 2⁻¹⁶ · |a|_F, whatever the condition.
 * Directions whose singular values are below about 10⁻⁶ of the largest need not converge: unitaryᵀ·unitary is then between 0 and 1
 * there, 0 for a zero column or row; `positive` and the product above hold all the same.
 *
 * 22 steps of two products each, their scales ρ known beforehand: records and returns at once, 88·m·n·min(m, n) operations. Throws LatentError("shape")
 * unless a is a matrix or a stack of them. Source: Higham, Functions of Matrices, 2008, chapter 8; scales: see `scales`.
 *
 *     const { unitary } = linalg.polar(gpu.tensor([[2, 0], [0, 3]]));
 */
export function polar(a: Tensor): { unitary: Tensor; positive: Tensor } {
  checkFloat("linalg.polar", a);
  check(a.rank >= 2, "shape", "linalg.polar", () => `expected matrices [..., m, n]; got ${show(a.shape)}.`);
  let unitary = a;
  for (const x of towardsUnitary(a)) unitary = x;
  const product = matmul(swap(unitary), a);
  return { unitary, positive: mul(add(product, swap(product)), 0.5) };
}
