import { check, show } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, broadcast } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { type Picked, pick } from "./gather.ts";
import { type Indices, placesOf } from "./indices.ts";
import { expand, reshape } from "./shape.ts";

/**
 * Entries of x at `indices` along `axis`, NumPy's take:  y[…, i, …] = x[…, indices[i], …]; of x in a row if no axis is given.
 *
 *     take(gpu.tensor([[1, 2, 3], [4, 5, 6]]), [-1, 0], 1)   // [[3, 1], [6, 4]]
 *     take(gpu.tensor([[1, 2, 3], [4, 5, 6]]), 4)            // 5
 *
 * indices: a u32 or i32 tensor of any shape, a number, or arrays of numbers; negative ones count from the end, numbers that
 * are outside are refused, and outside indices in tensors give NaN (as gather says). Returns x.shape with the axis replaced
 * by indices.shape. Throws LatentError("argument") or ("shape").
 */
export function take<D extends DType>(x: Tensor<D>, indices: Indices, axis?: number): Tensor<Picked<D>> {
  checkTensor("take", x);
  if (axis === undefined && x.rank !== 1) return take(reshape(x, [x.size]), indices, 0);
  const [d] = axesOf("take", x.rank, axis ?? 0) as [number];
  const places = placesOf("take", x, indices, x.shape[d]!);
  return pick(x, places, d, false, x.shape.toSpliced(d, 1, ...places.shape));
}

/**
 * One entry of x along `axis` (the last by default) for each index, NumPy's take_along_axis and PyTorch's gather:
 *
 *     y[…, r, …] = x[…, indices[…, r, …], …]
 *
 *     takeAlongAxis(logits, reshape(labels, [-1, 1]))            // [n, 1]: each row's logit of its class
 *     takeAlongAxis(x, argmax(x, 0, { keepDims: true }), 0)      // the same as max(x, 0, { keepDims: true })
 *
 * indices: as for take, with as many axes as x; beside `axis`, sizes are equal or 1, as in broadcasting. Returns that shape with
 * the indices' size along `axis`. Throws LatentError("argument") or ("shape").
 */
export function takeAlongAxis<D extends DType>(x: Tensor<D>, indices: Indices, axis = -1): Tensor<Picked<D>> {
  checkTensor("takeAlongAxis", x);
  const where = "takeAlongAxis";
  const [d] = axesOf(where, x.rank, axis) as [number];
  const given = placesOf(where, x, indices, x.shape[d]!);
  check(
    given.shape.length === x.rank,
    "shape",
    where,
    () => `expected indices with the ${x.rank} axes of x ${show(x.shape)}; got ${show(given.shape)}.`,
  );
  const otherAxes = broadcast(where, [x.shape.toSpliced(d, 1), given.shape.toSpliced(d, 1)]);
  const of = (extent: number) => otherAxes.toSpliced(d, 0, extent);
  const shape = of(given.shape[d]!);
  const places = { shape, signed: given.signed, tensor: expand(given.tensor, shape) };
  return pick(expand(x, of(x.shape[d]!)), places, d, true, shape);
}
