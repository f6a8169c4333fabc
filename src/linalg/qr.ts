import { check, show } from "../device/errors.ts";
import { count } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { add, sub } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { part, concat } from "../graph/ops/part.ts";
import { checkFloat, record } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { qr as launch } from "../kernels/qr.ts";
import { swap, triangle, zeros } from "./matrix.ts";
import { solveTriangular } from "./triangular.ts";

const qrOp: KernelOp = {
  name: "qr",
  launch: ([a]) => launch(count(a!.shape.slice(0, -2)), a!.shape.at(-2)!, a!.shape.at(-1)!),
};

/**
 * a = q·r with orthonormal columns in q and an upper triangular r, for matrices a [..., m, n]: PyTorch's reduced form.
 *
 *     const { q, r } = qr(gpu.tensor([[3, 1], [4, 2]]));   // r [[-5, -2.2], [0, 0.4]]
 *
 * `q`: [..., m, k], `r`: [..., k, n], k = min(m, n), by Householder's reflections with LAPACK's signs: r's diagonal has the sign
 * that the column did not have. The gradient needs the first k columns of a to be independent; it is infinite or NaN where they are not.
 * Throws LatentError("shape") unless a is a matrix or a stack of them. Gradient: Walter & Lehmann, Algorithmic differentiation of
 * linear algebra functions, 2010; for m < n, Liao et al. 2019.
 */
export function qr(a: Tensor): { q: Tensor; r: Tensor } {
  check(a.rank >= 2, "shape", "linalg.qr", () => `expected matrices [..., m, n]; got ${show(a.shape)}.`);
  checkFloat("linalg.qr", a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const k = Math.min(m, n);
  const stack = a.shape.slice(0, -2);
  const outputs = [
    { shape: [...stack, m, k], dtype: "f32" },
    { shape: [...stack, k, n], dtype: "f32" },
  ] as const;
  const both: readonly Tensor[] = record(qrOp, [a], outputs, {}, ([dQ, dR]) => {
    const [q, r] = both as [Tensor, Tensor];
    const slopeOfQ = dQ ?? zeros(a.gpu, q.shape);
    const slopeOfR = dR ?? zeros(a.gpu, r.shape);
    if (m >= n) return [slope(q, r, slopeOfQ, slopeOfR)];
    // the columns past the m-th are qᵀ's products with those of a
    const axis = a.rank - 1;
    const cut = (t: Tensor, first: number, end: number) => part(t, axis, first, end - first);
    const [right, rightSlope] = [cut(a, m, n), cut(slopeOfR, m, n)];
    const left = slope(q, cut(r, 0, m), add(slopeOfQ, matmul(right, swap(rightSlope))), cut(slopeOfR, 0, m));
    return [concat([left, matmul(q, rightSlope)], axis)];
  });
  return { q: both[0]!, r: both[1]! };
}

/** ∂a of q and r with a square r:  (dq + q·s) · r⁻ᵀ, s = the symmetric matrix of the lower triangle of r·drᵀ − dqᵀ·q. */
function slope(q: Tensor, r: Tensor, dQ: Tensor, dR: Tensor): Tensor {
  const inner = sub(matmul(r, swap(dR)), matmul(swap(dQ), q));
  const symmetric = add(triangle(inner, false), swap(triangle(inner, false, true)));
  return swap(solveTriangular(r, swap(add(dQ, matmul(q, symmetric))), { upper: true }));
}
