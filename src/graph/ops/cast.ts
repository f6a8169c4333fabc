import { check } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";

/** The values as another dtype; fractions are cut off. u8 data is read by `gather` and `bytes`, not here. Gradients stop. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  check(
    [x.dtype, dtype].every((d) => ["f32", "i32", "u32"].includes(d)),
    "unsupported",
    "cast",
    () => `no cast from ${x.dtype} to ${dtype}. Expected f32, i32 or u32 on both sides.`,
  );
  return recordMap("cast", `${dtype}_from_${x.dtype}` as MapName, [x], null);
}
