import { check } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";

const casts: { readonly [pair: string]: MapName } = {
  "u32 f32": "f32_from_u32",
  "i32 f32": "f32_from_i32",
  "f32 u32": "u32_from_f32",
  "f32 i32": "i32_from_f32",
  "i32 u32": "u32_from_i32",
  "u32 i32": "i32_from_u32",
};

/** The values as another dtype; fractions are cut off. u8 data is read by `gather` and `bytes`, not here. Gradients stop. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const fn = casts[`${x.dtype} ${dtype}`];
  check(
    fn !== undefined,
    "unsupported",
    "cast",
    () => `no cast from ${x.dtype} to ${dtype}. Expected f32, i32 or u32 on both sides.`,
  );
  return recordMap("cast", fn, [x], null);
}
