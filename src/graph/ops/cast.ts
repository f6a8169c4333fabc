import { check } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { checkTensor } from "../operand.ts";
import { recordMap, relabel } from "../record.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The values as another dtype; fractions are cut off, a bool is whether the value is not 0. u8 data is read by `gather` and
 * `bytes`, not here. Gradients stop.
 */
export function cast<D extends DType>(x: Tensor, dtype: D): Tensor<D> {
  checkTensor("cast", x);
  if ((x.dtype as DType) === dtype) return x as Tensor as Tensor<D>;
  check(
    [x.dtype, dtype].every((d) => ["f32", "i32", "u32", "bool"].includes(d)),
    "unsupported",
    "cast",
    () => `no cast from ${x.dtype} to ${dtype}. Expected f32, i32, u32 or bool on both sides.`,
  );
  if (x.dtype === "bool") return dtype === "f32" ? relabel(x, dtype) : cast(relabel(x, "f32"), dtype);
  return recordMap("cast", `${dtype}_from_${x.dtype}` as MapName, [x], null) as Tensor as Tensor<D>;
}
