import { check, show } from "../device/errors.ts";
import { count, remedy } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { add, mul } from "../graph/ops/arithmetic.ts";
import { log } from "../graph/ops/elementwise.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { sum } from "../graph/ops/sum.ts";
import { checkTensor } from "../graph/operand.ts";
import { record } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { cholesky as launch } from "../kernels/cholesky.ts";
import { diagonal, identity, swap, triangle } from "./matrix.ts";
import { solveTriangular } from "./triangular.ts";

const choleskyOp: KernelOp = {
  name: "cholesky",
  launch: ([a], _outputs, _attributes, traits) => launch(count(a!.shape.slice(0, -2)), a!.shape.at(-1)!, traits),
};

/** A square f32 matrix, or a stack of them. Throws LatentError("argument") or ("shape"). */
export function checkSquare(where: string, a: Tensor): void {
  checkTensor(where, a);
  check(a.dtype === "f32", "argument", where, () => `expected an f32 tensor; got ${a.dtype}. ${remedy(a)}`);
  check(
    a.rank >= 2 && a.shape.at(-1) === a.shape.at(-2),
    "shape",
    where,
    () => `no square matrix. Expected [..., n, n]; got ${show(a.shape)}.`,
  );
}

/**
 * The lower triangular l with l·lᵀ = a, for each symmetric positive definite matrix of a stack.
 *
 * a: [..., n, n], of which the lower triangle is read. Returns `factor` [..., n, n], zeros above the diagonal, and
 * `failedPivot` i32 [...]: −1, or the index of the first pivot that is not above what rounding leaves of a zero
 * (√n · 2⁻²⁴ of its diagonal entry). The factor is finite then, too: the pivot's row and column are those
 * of the identity.
 * The gradient is that of a symmetric a (Murray, Differentiation of the Cholesky decomposition, 2016).
 *
 *     const { factor, failedPivot } = linalg.cholesky(gpu.tensor([[4, 2], [2, 5]]));
 *     await factor.read(); // 2, 0, 1, 2
 */
export function cholesky(a: Tensor): { factor: Tensor; failedPivot: Tensor } {
  checkSquare("linalg.cholesky", a);
  const n = a.shape.at(-1)!;
  const outputs = [
    { shape: a.shape, dtype: "f32" },
    { shape: a.shape.slice(0, -2), dtype: "i32" },
  ] as const;
  const [factor, failedPivot] = record(choleskyOp, [a], outputs, {}, ([g]) => {
    if (!g) return [null];
    const l = factor!;
    const inner = triangle(matmul(swap(l), g), false);
    const halved = mul(inner, add(mul(identity(a.gpu, n), -0.5), 1));
    // l⁻ᵀ · halved · l⁻¹
    const left = solveTriangular(l, halved, { transpose: true });
    const s = swap(solveTriangular(l, swap(left), { transpose: true }));
    return [mul(add(s, swap(s)), 0.5)];
  });
  return { factor: factor!, failedPivot: failedPivot! };
}

/** log |l·lᵀ| of lower triangular factors [..., n, n]. Returns [...]. */
export const logdetOfFactor = (l: Tensor): Tensor => mul(sum(log(diagonal(l)), -1), 2);

/** l⁻¹ of lower triangular matrices [..., n, n]. */
export const inverseOfFactor = (l: Tensor): Tensor =>
  solveTriangular(l, identity(l.gpu, l.shape.at(-1)!, l.shape.slice(0, -2)));
