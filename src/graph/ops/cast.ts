import { checkDType, type DType } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { checkTensor } from "../operand.ts";
import { recordMap, relabel } from "../record.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The values as another dtype. Fractions are cut off; integers keep their last bits, as between i32 and u32, and u8 their last
 * eight; a bool is whether the value is not 0. Gradients stop. Throws LatentError("argument") on an unknown dtype.
 *
 *     await cast(gpu.tensor([1.5, 2.5]), "i32").read(); // 1, 2
 */
export function cast<D extends DType>(x: Tensor, dtype: D): Tensor<D> {
  checkTensor("cast", x);
  if ((x.dtype as DType) === dtype) return x as Tensor as Tensor<D>;
  checkDType("cast", dtype);
  if (x.dtype === "bool") return dtype === "f32" ? relabel(x, dtype) : cast(relabel(x, "f32"), dtype);
  if ((x.dtype === "u8" || dtype === "u8") && x.dtype !== "i32" && (dtype as DType) !== "i32")
    return cast(cast(x, "i32"), dtype);
  return recordMap("cast", `${dtype}_from_${x.dtype}` as MapName, [x], null) as Tensor as Tensor<D>;
}

/** x in the dtype that adds up what it holds: bools as i32, bytes as u32, all others as they are. */
export const summable = (x: Tensor): Tensor =>
  x.dtype === "bool" ? cast(x, "i32") : x.dtype === "u8" ? cast(x, "u32") : x;

/** x in a dtype whose elements are words: bytes as i32, all others as they are. */
export const widened = (x: Tensor): Tensor => (x.dtype === "u8" ? cast(x, "i32") : x);
