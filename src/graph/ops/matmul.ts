import { check, show } from "../../device/errors.ts";
import type { MatmulShape } from "../../kernels/matmulTiles.ts";
import type { Attributes, KernelOp, Operand } from "../kernelOp.ts";
import { lazy } from "../lazy.ts";
import { contiguous, count, isFloat, remedy, type Spec } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { broadcast, checkFloat, checkShape, record, recordMap, recordOne } from "../record.ts";
import type { Vjp, Tensor } from "../tensor.ts";
import { add } from "./arithmetic.ts";
import { expand, reshape, transpose } from "./shape.ts";

/** A matrix whose rows (or, transposed, columns) lie in order. */
function orientation({ shape, strides }: Operand): { transposed: boolean } | null {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const [down, along] = strides.slice(-2) as [number, number];
  if ((along === 1 || columns === 1) && (down === columns || rows === 1)) return { transposed: false };
  if ((down === 1 || rows === 1) && (along === rows || columns === 1)) return { transposed: true };
  return null;
}

/** The stride from one matrix of the stack to the next: the matrix's size, or 0 where one matrix serves all. */
function stackStride({ shape, strides }: Operand): number | null {
  const size = count(shape.slice(-2));
  const stacks = shape.slice(0, -2);
  const outer = strides.slice(0, -2);
  if (outer.every((s, d) => s === 0 || stacks[d] === 1)) return 0;
  const rowMajor = contiguous(shape);
  return outer.every((s, d) => s === rowMajor[d] || stacks[d] === 1) ? size : null;
}

const shapeOf = (a: Operand, b: Operand, c: Spec, { rowSums, symmetric }: Attributes): MatmulShape => ({
  stacks: count(c.shape.slice(0, -2)),
  rows: a.shape.at(-2)!,
  inner: a.shape.at(-1)!,
  columns: b.shape.at(-1)!,
  transposeA: orientation(a)!.transposed,
  transposeB: orientation(b)!.transposed,
  aStack: stackStride(a)!,
  bStack: stackStride(b)!,
  rowSums: rowSums === true,
  symmetric: symmetric === true,
});

const kernels = /* @__PURE__ */ lazy(() => import("../../kernels/matmul.ts"));

/** Inputs op(a), op(b); outputs c, and with `rowSums` the sums of op(a)'s rows; `symmetric` where c is known to be. */
export const matmulOp: KernelOp = {
  name: "matmul",
  accepts: (_, operand) => orientation(operand) !== null && stackStride(operand) !== null,
  load: kernels.load,
  launch: ([a, b], [c], attributes, traits) => kernels.get().matmul(shapeOf(a!, b!, c!, attributes), traits),
  variants: ([a, b], [c], attributes, traits) => kernels.get().matmulVariants(shapeOf(a!, b!, c!, attributes), traits),
};

/** Swaps the last two axes. */
const flip = (x: Tensor): Tensor => transpose(x, [...x.shape.keys()].slice(0, -2).concat(-1, -2));

/**
 * Product of (stacks of) matrices: c[…,i,j] = Σ_k a[…,i,k] · b[…,k,j].
 *
 * a: [..., m, k], b: [..., k, n]; the leading axes broadcast. A vector [k] counts as a row on the left, a column on the
 * right, and its axis is dropped from the result. Transposed operands are read in place.
 *
 *     matmul(gpu.tensor([[1, 2], [3, 4]]), gpu.tensor([1, 1]))   // [3, 7]
 *
 * Throws LatentError("shape") if the inner sizes differ.
 */
export function matmul(a: Tensor, b: Tensor): Tensor<"f32"> {
  checkTensor("matmul", a, "a as a tensor");
  checkTensor("matmul", b, "b as a tensor");
  check(
    isFloat(a.dtype) && isFloat(b.dtype),
    "argument",
    "matmul",
    () => `expected f32 tensors; got ${a.dtype} and ${b.dtype}. ${remedy(a, b)}`,
  );
  check(
    a.rank > 0 && b.rank > 0,
    "shape",
    "matmul",
    () => `expected at least one axis; got ${show(a.shape)} and ${show(b.shape)}.`,
  );
  if (a.rank === 1) {
    const y = matmul(reshape(a, [1, -1]), b);
    return reshape(y, y.shape.toSpliced(-2, 1));
  }
  if (b.rank === 1) {
    const y = matmul(a, reshape(b, [-1, 1]));
    return reshape(y, y.shape.slice(0, -1));
  }
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [inner, n] = b.shape.slice(-2) as [number, number];
  check(
    k === inner,
    "shape",
    "matmul",
    () =>
      `inner sizes differ. Expected a [..., m, k] and b [..., k, n]; got a ${show(a.shape)} and b ${show(b.shape)}.`,
  );
  const stack = broadcast("matmul", [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  // one shared b under a stack of a: the stack's rows are more rows of one product
  if (stack.length && b.rank === 2) return reshape(matmul(reshape(a, [count(stack) * m, k]), b), [...stack, m, n]);
  const [left, right] = [expand(a, [...stack, m, k]), expand(b, [...stack, k, n])];
  return recordOne(matmulOp, [left, right], { shape: [...stack, m, n], dtype: "f32" }, {}, ([g]) => [
    matmul(g!, flip(right)),
    matmul(flip(left), g!),
  ]);
}

/**
 * x · wᵀ + bias, PyTorch's Linear.
 *
 *     linear(gpu.tensor([[1, 2]]), gpu.tensor([[3, 4]]), gpu.tensor([5]))   // [[16]]
 *
 * x: [..., in], w: [out, in], bias: [out]. Returns [..., out]. The gradients of w and bias come out of one kernel.
 * Throws LatentError("shape").
 */
export function linear(x: Tensor, w: Tensor, bias?: Tensor): Tensor<"f32"> {
  checkFloat("linear", x, "x as an f32 tensor");
  checkFloat("linear", w, "w as an f32 tensor");
  check(
    x.rank > 0 && w.rank === 2 && x.shape.at(-1) === w.shape[1],
    "shape",
    "linear",
    () => `inner sizes differ. Expected x [..., in] and w [out, in]; got ${show(x.shape)} and ${show(w.shape)}.`,
  );
  if (x.rank !== 2) {
    const rows = count(x.shape.slice(0, -1));
    return reshape(linear(reshape(x, [rows, w.shape[1]!]), w, bias), [...x.shape.slice(0, -1), w.shape[0]!]);
  }
  if (!bias) return matmul(x, transpose(w));
  checkShape("linear", "bias", bias, [w.shape[0]!]);
  const vjp: Vjp = ([g]) => [matmul(g!, w), ...weightAndBias(g!, x)];
  return recordMap("linear", "add", [matmul(x, transpose(w)), bias], vjp, undefined, [x, w, bias]);
}

/** gᵀ·x and the sums of g's columns, in one product. g: [batch, out], x: [batch, in]. */
function weightAndBias(g: Tensor, x: Tensor): Tensor[] {
  const [out, columns] = [g.shape[1]!, x.shape[1]!];
  const shapes = [
    { shape: [out, columns], dtype: "f32" },
    { shape: [out], dtype: "f32" },
  ] as const;
  return record(matmulOp, [transpose(g), x], shapes, { rowSums: true }, ([dW, dB]) => {
    const parts = [
      ...(dW ? [matmul(dW, transpose(x))] : []),
      ...(dB ? [expand(reshape(dB, [out, 1]), [out, g.shape[0]!])] : []),
    ];
    return [parts.reduce(add), dW ? matmul(g, dW) : null];
  });
}
