import type { Shape } from "../graph/dtype.ts";
import { add, equal, greaterEqual, mul, where } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { expand, reshape, transpose } from "../graph/ops/shape.ts";
import { constant, layout, recordMap, recordView } from "../graph/record.ts";
import type { Runner, Tensor } from "../graph/tensor.ts";

/** Swaps the last two axes. */
export const swap = (x: Tensor): Tensor =>
  transpose(x, [...x.shape.keys()].slice(0, -2).concat(x.rank - 1, x.rank - 2));

/** Each element's index along the last axis of `shape`, or along the one before it. */
function index(gpu: Runner, shape: Shape, axis: -1 | -2): Tensor {
  const [stride, extent] = axis === -1 ? [1, shape.at(-1)!] : [shape.at(-1)!, shape.at(-2)!];
  const position = recordMap(
    "linalg",
    "position",
    [constant(gpu, stride, "u32"), constant(gpu, extent, "u32")],
    null,
    shape,
  );
  return cast(position, "f32");
}

/** 0, 1, … n − 1 as f32, in a shape that ends in n. */
export const along = (gpu: Runner, shape: Shape): Tensor => index(gpu, shape, -1);

/** Ones everywhere. */
export const ones = (gpu: Runner, shape: Shape): Tensor => expand(constant(gpu, 1), shape);

/** Zeros everywhere. */
export const zeros = (gpu: Runner, shape: Shape): Tensor => expand(constant(gpu, 0), shape);

/** Ones on the diagonal: [..., n, n]. */
export const identity = (gpu: Runner, n: number, stack: Shape = []): Tensor => {
  const shape = [...stack, n, n];
  return cast(equal(index(gpu, shape, -1), index(gpu, shape, -2)), "f32");
};

/** x with zeros above the diagonal (below it where `upper`); on it, too, where `strict`. What is left out may be anything. */
export function triangle(x: Tensor, upper: boolean, strict = false): Tensor {
  const shape = x.shape.slice(-2);
  const [down, along] = [index(x.gpu, shape, -2), index(x.gpu, shape, -1)];
  const [more, less] = upper ? [along, down] : [down, along];
  return where(greaterEqual(more, strict ? add(less, 1) : less), x, 0);
}

/** The diagonals of [..., n, n] as [..., n], a view. */
export function diagonal(x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  const { offset, strides } = layout(x);
  const step = strides.at(-1)! + strides.at(-2)!;
  return recordView("diagonal", x, x.shape.slice(0, -1), offset, [...strides.slice(0, -2), step], ([g]) => [
    onDiagonal(g!, n),
  ]);
}

/** Matrices [..., n, n] with d [..., n] on the diagonal and zeros elsewhere. */
export const onDiagonal = (d: Tensor, n: number = d.shape.at(-1)!): Tensor =>
  mul(expand(reshape(d, [...d.shape, 1]), [...d.shape, n]), identity(d.gpu, n));
