import { check, show } from "../../device/errors.ts";
import { recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { matmul, matmulOp } from "./matmul.ts";
import { transpose } from "./shape.ts";

/**
 * aᵀ·b where it equals its own transpose:  c[i,j] = c[j,i] = Σ_k a[k,i] · b[k,j] for i ≥ j. Returns [d, d], exactly symmetric.
 *
 * a, b: [n, d]; b is a itself, or a with its rows scaled. Kernels that can, compute the elements on and below the diagonal only.
 * Throws LatentError("shape") unless a and b are [n, d] of one shape.
 */
export function gram(a: Tensor, b: Tensor = a): Tensor<"f32"> {
  const [n, d] = a.shape as [number, number];
  check(
    a.rank === 2 && b.rank === 2 && b.shape[0] === n && b.shape[1] === d,
    "shape",
    "gram",
    () => `expected a and b [n, d] of one shape; got ${show(a.shape)} and ${show(b.shape)}.`,
  );
  return recordOne(matmulOp, [transpose(a), b], { shape: [d, d], dtype: "f32" }, { symmetric: true }, ([g]) => [
    matmul(g!, transpose(b)),
    matmul(a, g!),
  ]);
}
