import { check } from "../../device/errors.ts";
import { constant, recordMap } from "../record.ts";
import type { Runner } from "../runner.ts";
import type { Tensor } from "../tensor.ts";
import { equal } from "./arithmetic.ts";
import { bytes } from "./bytes.ts";
import { cast } from "./cast.ts";
import { reshape } from "./shape.ts";

/** 0, 1, …, count − 1 as u32, computed where it is used. */
export function arange(gpu: Runner, count: number): Tensor {
  check(
    Number.isInteger(count) && count > 0 && count < 2 ** 32,
    "argument",
    "arange",
    () => `expected a whole number in [1, 2^32); got ${count}.`,
  );
  return positions(gpu, [count]);
}

/** The position along the last axis, for every element of `shape`. */
const positions = (gpu: Runner, shape: readonly number[]): Tensor =>
  recordMap("arange", "position", [constant(gpu, 1, "u32"), constant(gpu, shape.at(-1)!, "u32")], null, shape);

/**
 * Rows that are 1 at the given class and 0 elsewhere.
 *
 * indices: u32, i32, u8, or whole f32, of any shape. Returns [...indices.shape, classes] f32; a class outside
 * [0, classes) gives a row of zeros. No gradient.
 */
export function oneHot(indices: Tensor, classes: number): Tensor {
  check(
    Number.isInteger(classes) && classes > 0,
    "argument",
    "oneHot",
    () => `expected a whole number of classes > 0; got ${classes}.`,
  );
  const whole = indices.dtype === "u8" ? bytes(indices) : indices;
  const labels = reshape(whole, [...indices.shape, 1]);
  const classOf = positions(indices.gpu, [...indices.shape, classes]);
  // f32 labels are compared as such, so that −1 and 0.5 are no class
  return labels.dtype === "f32" ? equal(labels, cast(classOf, "f32")) : equal(cast(labels, "u32"), classOf);
}
