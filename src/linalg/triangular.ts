import { check, checkOptions, show } from "../device/errors.ts";
import { count, sameShape } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { neg } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { concat, expand } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { broadcast, recordOne } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { triangular as launch } from "../kernels/triangular.ts";
import { lowerTriangle, swap } from "./matrix.ts";

const solveOp: KernelOp = {
  name: "solveTriangular",
  launch([l, b], _outputs, { transposed }) {
    return launch(count(l!.shape.slice(0, -2)), l!.shape.at(-1)!, b!.shape.at(-1)!, transposed === true);
  },
};

/**
 * x with l·x = b, or lᵀ·x = b where `transpose`, for lower triangular l.
 *
 * l: [..., n, n], of which the lower triangle is read; b: [..., n, m]; stacks broadcast. Returns [..., n, m].
 * Throws LatentError("shape") where sizes do not fit. A zero on the diagonal gives large finite numbers or infinities.
 */
export function solveTriangular(l: Tensor, b: Tensor, options: { readonly transpose?: boolean } = {}): Tensor {
  const where = "linalg.solveTriangular";
  checkOptions(where, options, ["transpose"]);
  const { transpose = false } = options;
  const n = l.shape.at(-1)!;
  check(
    l.rank >= 2 && l.shape.at(-2) === n && b.rank >= 2 && b.shape.at(-2) === n,
    "shape",
    where,
    () => `sizes do not fit. Expected l [..., n, n] and b [..., n, m]; got ${show(l.shape)} and ${show(b.shape)}.`,
  );
  const stack = broadcast(where, [l.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const m = b.shape.at(-1)!;
  const whole = (t: Tensor, columns: number) =>
    sameShape(t.shape.slice(0, -2), stack) ? t : expand(t, [...stack, n, columns]);
  const [left, right] = [whole(l, n), whole(b, m)];
  const x: Tensor = recordOne(
    solveOp,
    [left, right],
    { shape: [...stack, n, m], dtype: "f32" },
    { transposed: transpose },
    ([g]) => {
      const dB = solveTriangular(left, g!, { transpose: !transpose });
      return [neg(lowerTriangle(transpose ? matmul(x, swap(dB)) : matmul(dB, swap(x)))), dB];
    },
  );
  return x;
}

/** Columns of one block of a product with a triangular matrix. */
const BLOCK = 256;

/**
 * x·lᵀ for lower triangular l, block by block of columns, so that nearly half of the products by zero are left out.
 *
 * x: [rows, n], l: [n, n]. Returns [rows, n].
 */
export function timesTransposedFactor(x: Tensor, l: Tensor): Tensor {
  const n = l.shape[0]!;
  if (n <= BLOCK) return matmul(x, swap(l));
  const size = Math.ceil(n / Math.ceil(n / BLOCK));
  const parts: Tensor[] = [];
  for (let first = 0; first < n; first += size) {
    const end = Math.min(n, first + size);
    parts.push(matmul(slice(x, 1, 0, end), swap(slice(slice(l, 0, first, end), 1, 0, end))));
  }
  return concat(parts, 1);
}
