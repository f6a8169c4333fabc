import { cast } from "../../graph/ops/cast.ts";
import { equal, square, sub } from "../../graph/ops/arithmetic.ts";
import { arange } from "../../graph/ops/oneHot.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Runner, Tensor } from "../../graph/tensor.ts";

/** Ones on the diagonal of zeros: f32 [size, size]. */
export const identity = (gpu: Runner, size: number): Tensor =>
  cast(equal(reshape(arange(gpu, size), [size, 1]), arange(gpu, size)), "f32");

/** ‖a_i − b_j‖² of rows a [n, d] and b [m, d]: [n, m], from differences, which keep the digits of near ones. */
export function squaredDistances(a: Tensor, b: Tensor): Tensor {
  const [n, d] = a.shape as [number, number];
  return sum(square(sub(reshape(a, [n, 1, d]), reshape(b, [1, b.shape[0]!, d]))), 2);
}
