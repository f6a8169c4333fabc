import { check, checkOptions } from "../../device/errors.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { greaterEqual, mul } from "./arithmetic.ts";
import { type RandomOptions, uniform } from "./draw.ts";

/**
 * x with each element zeroed with probability p, and the others divided by 1 − p, so that the mean stays.
 *
 * The mask is a function of seed, stream, step and position: backward draws it again instead of storing it, and another
 * step (a u32 tensor of one element that the training step advances) gives another mask.
 *
 *     dropout(x, { p: 0.1, seed: 1, step })   // step: a u32 tensor, or the number of the step
 *
 * Throws LatentError("argument") unless 0 ≤ p < 1.
 */
export function dropout(x: Tensor, options: RandomOptions & { readonly p: number } = {} as never): Tensor<"f32"> {
  checkFloat("dropout", x);
  checkOptions("dropout", options, ["p", "seed", "stream", "step"]);
  const { p, ...draw } = options;
  check(p >= 0 && p < 1, "argument", "dropout", () => `expected a probability p in [0, 1); got ${p}.`);
  if (p === 0) return x as Tensor<"f32">;
  const mask = greaterEqual(uniform(x.gpu, x.shape, draw), p);
  return mul(x, mul(mask, 1 / (1 - p))) as Tensor<"f32">;
}
