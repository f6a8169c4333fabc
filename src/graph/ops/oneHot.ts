import { check, checkOptions } from "../../device/errors.ts";
import { count } from "../dtype.ts";
import { checkTensor, describe } from "../operand.ts";
import { axesOf, constant, recordMap } from "../record.ts";
import type { Runner, Tensor } from "../tensor.ts";
import { bytes } from "./bytes.ts";
import { cast } from "./cast.ts";
import { reshape } from "./shape.ts";

/**
 * 0, 1, …, count − 1 as u32, computed where it is used.
 *
 *     await arange(gpu, 3).read(); // 0, 1, 2
 *
 *     arange(gpu, 4)   // [0, 1, 2, 3]
 */
export function arange(gpu: Runner, count: number): Tensor<"u32"> {
  check(
    typeof gpu?.register === "function",
    "argument",
    "arange",
    () => `expected the gpu first; got ${describe(gpu)} Use arange(gpu, count).`,
  );
  check(
    Number.isInteger(count) && count >= 0 && count < 2 ** 32,
    "argument",
    "arange",
    () => `expected a whole number in [0, 2^32); got ${count}.`,
  );
  return positions(gpu, [count]);
}

/** The position along the last axis, for every element of `shape`. */
const positions = (gpu: Runner, shape: readonly number[]): Tensor<"u32"> =>
  recordMap("arange", "position", [constant(gpu, 1, "u32"), constant(gpu, shape.at(-1)!, "u32")], null, shape);

/**
 * 1 at the given class and 0 elsewhere, along a new axis (the last by default).
 *
 *     oneHot(gpu.tensor([1, -1], undefined, { dtype: "i32" }), 3)   // [[0, 1, 0], [0, 0, 1]]
 *
 * indices: u32, i32, u8, or whole f32, of any shape; −1 is the last class. Returns [...indices.shape, classes] f32, the new
 * axis at `axis`. A class outside [−classes, classes), or an f32 that is not whole, gives a row of NaN. No gradient.
 * Throws LatentError("argument").
 */
export function oneHot(indices: Tensor, classes: number, options: { readonly axis?: number } = {}): Tensor<"f32"> {
  checkTensor("oneHot", indices);
  checkOptions("oneHot", options, ["axis"]);
  check(
    Number.isInteger(classes) && classes > 0,
    "argument",
    "oneHot",
    () => `expected a whole number of classes > 0; got ${classes}.`,
  );
  const { rank, gpu } = indices;
  const [d] = axesOf("oneHot", rank + 1, options.axis ?? -1) as [number];
  const whole = indices.dtype === "u8" ? bytes(indices) : indices;
  const labels = whole.dtype === "f32" ? recordMap("oneHot", "label_of", [whole], null) : cast(whole, "u32");
  const word = (value: number) => constant(gpu, value, "u32");
  const wrap = word(indices.dtype === "u32" || indices.dtype === "u8" ? 0 : classes);
  const shape = indices.shape.toSpliced(d, 0, classes);
  const stride = word(count(indices.shape.slice(d)));
  const own = recordMap("oneHot", "position", [stride, word(classes)], null, shape);
  return recordMap(
    "oneHot",
    "one_hot",
    [reshape(labels, indices.shape.toSpliced(d, 0, 1)), own, word(classes), wrap],
    null,
  );
}
