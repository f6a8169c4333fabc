import { check, show } from "../device/errors.ts";
import { count, sameShape } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { mul, neg } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { reshape } from "../graph/ops/shape.ts";
import { checkFloat, record, recordOne } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { determinant, lu as launch } from "../kernels/lu.ts";
import { solveFactored } from "../kernels/triangular.ts";
import { checkSquare } from "./cholesky.ts";
import { identity, swap } from "./matrix.ts";
import { sameStacks } from "./triangular.ts";

const luOp: KernelOp = {
  name: "lu",
  launch: ([a], _outputs, { perturbed }) => launch(count(a!.shape.slice(0, -2)), a!.shape.at(-1)!, perturbed === true),
};

const determinantOp: KernelOp = {
  name: "determinant",
  launch: ([a], _outputs, { log, perturbed }) =>
    determinant(count(a!.shape.slice(0, -2)), a!.shape.at(-1)!, log === true, perturbed === true),
};

/** Inputs a, which gradients go to, b, the order of the rows, and the factors. */
const solveOp: KernelOp = {
  name: "solve",
  launch: ([a, b], _outputs, { transposed }, traits) =>
    solveFactored(
      { stack: count(a!.shape.slice(0, -2)), size: a!.shape.at(-1)!, columns: b!.shape.at(-1)! },
      transposed === true,
      traits,
    ),
};

/** a = Pᵀ·L·U: both factors in one matrix, the order of the rows, and −1 or the index of the first column without a pivot. */
interface Factors {
  readonly lu: Tensor;
  readonly order: Tensor;
  readonly failedPivot: Tensor;
  readonly perturbed: boolean;
}

function factors(a: Tensor, perturbed = false): Factors {
  const outputs = [
    { shape: a.shape, dtype: "f32" },
    { shape: a.shape.slice(0, -1), dtype: "u32" },
    { shape: a.shape.slice(0, -2), dtype: "i32" },
  ] as const;
  const [lu, order, failedPivot] = record<"f32" | "u32" | "i32">(luOp, [a], outputs, { perturbed }, null);
  return { lu: lu!, order: order!, failedPivot: failedPivot!, perturbed };
}

function solved(a: Tensor, b: Tensor, of: Factors, transposed: boolean): Tensor {
  const x: Tensor = recordOne(
    solveOp,
    [a, b, of.order, of.lu],
    { shape: b.shape, dtype: "f32" },
    { transposed },
    ([g]) => {
      const dB = solved(a, g!, of, !transposed);
      return [neg(transposed ? matmul(x, swap(dB)) : matmul(dB, swap(x))), dB, null, null];
    },
  );
  return x;
}

/**
 * x with a·x = b, for square matrices a of any kind, by factors with exchanged rows.
 *
 *     await solve(gpu.tensor([[0, 2], [1, 0]]), gpu.tensor([2, 3])).read()   // [3, 1]
 *
 * a: [..., n, n]; b: [..., n, m], stacks broadcast, or vectors: [n], or [..., n] of a's own stack. Returns b's shape.
 * All of x is NaN where a column of a has no pivot but 0. Throws LatentError("shape") where sizes do not fit.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  const where = "linalg.solve";
  checkSquare(where, a);
  checkFloat(where, b);
  const isVector = b.rank === 1 || (b.rank === a.rank - 1 && sameShape(b.shape, a.shape.slice(0, -1)));
  if (isVector) {
    const x = solve(a, reshape(b, [...b.shape, 1]));
    return reshape(x, x.shape.slice(0, -1));
  }
  check(
    b.shape.at(-2) === a.shape.at(-1),
    "shape",
    where,
    () =>
      `sizes do not fit. Expected a [..., n, n] and b [..., n, m] or [n]; got ${show(a.shape)} and ${show(b.shape)}.`,
  );
  const [left, right] = sameStacks(where, a, b);
  return solved(left, right, factors(left), false);
}

/**
 * a⁻¹ of square matrices [..., n, n]. All of it is NaN where a column of a has no pivot but 0.
 *
 *     await inverse(gpu.tensor([[1, 2], [3, 4]])).read()   // [-2, 1, 1.5, -0.5]
 *
 * Throws LatentError("shape") unless the matrices are square.
 */
export function inverse(a: Tensor): Tensor {
  checkSquare("linalg.inverse", a);
  return solved(a, identity(a.gpu, a.shape.at(-1)!, a.shape.slice(0, -2)), factors(a), false);
}

function determinantOf(a: Tensor, of: Factors, log: boolean): Tensor {
  const { lu, order, failedPivot, perturbed } = of;
  const asColumns = (t: Tensor) => reshape(t, [...t.shape, 1, 1]);
  const y: Tensor = recordOne(
    determinantOp,
    [a, lu, order, failedPivot],
    { shape: a.shape.slice(0, -2), dtype: "f32" },
    { log, perturbed },
    ([g]) => {
      // a singular matrix has cofactors, too: as those of one with a tiny pivot
      const near = log || perturbed ? of : factors(a, true);
      const scale = log ? g! : mul(g!, near === of ? y : determinantOf(a, near, false));
      const one = identity(a.gpu, a.shape.at(-1)!, a.shape.slice(0, -2));
      return [mul(asColumns(scale), solved(a, one, near, true)), null, null, null];
    },
  );
  return y;
}

/**
 * Determinants of square matrices [..., n, n]. Returns [...]; 0 where a column has no pivot.
 *
 *     await det(gpu.tensor([[1, 2], [3, 4]])).item()   // -2
 *
 * The gradient is the cofactors', of singular matrices, too. Throws LatentError("shape") unless the matrices are square.
 */
export function det(a: Tensor): Tensor {
  checkSquare("linalg.det", a);
  return determinantOf(a, factors(a), false);
}

/**
 * log det a of square matrices [..., n, n]: NaN where the determinant is negative, −∞ where it is 0. Returns [...].
 *
 *     await logdet(gpu.tensor([[4, 2], [2, 5]])).item()   // 2.7726
 *
 * Throws LatentError("shape") unless the matrices are square.
 */
export function logdet(a: Tensor): Tensor {
  checkSquare("linalg.logdet", a);
  return determinantOf(a, factors(a), true);
}
