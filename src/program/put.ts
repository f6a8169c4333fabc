import { check, show } from "../device/errors.ts";
import { arrays, type DType, stored, type TypedArray } from "../graph/dtype.ts";
import { layout, storageOf } from "../graph/record.ts";
import type { Storage, Values } from "../graph/storage.ts";
import type { Tensor } from "../graph/tensor.ts";
import { flatten } from "./nested.ts";

/** Where `tensor` lies, if it may be written: a state, a borrowed buffer that takes copies, or a part of one in order. */
export function placeToWrite(where: string, tensor: Tensor): Storage {
  const { source } = layout(tensor).base;
  const storage = storageOf(tensor);
  const takes = storage !== null && (storage.buffer.usage & GPUBufferUsage.COPY_DST) !== 0;
  check(
    source.kind === "stored" && source.state && takes,
    "argument",
    where,
    () =>
      `expected a tensor made by gpu.state, or by gpu.fromBuffer over a buffer with GPUBufferUsage.COPY_DST; got ${String(tensor)}.`,
  );
  return storage!;
}

/** Throws LatentError("shape") unless `size` values of `dtype` fill `tensor`. */
export const checkFits = (where: string, tensor: Tensor, dtype: DType, size: number): void =>
  check(
    size === tensor.size && dtype === tensor.dtype,
    "shape",
    where,
    () => `expected ${tensor.size} values of ${tensor.dtype} for ${show(tensor.shape)}; got ${size} of ${dtype}.`,
  );

/** The values as the tensor stores them. Arrays of numbers take its dtype, typed arrays must have it (Float64Array becomes f32). */
export function valuesFor(where: string, tensor: Tensor, values: Values): TypedArray {
  const { dtype } = tensor;
  const flat = flatten(
    where,
    values,
    ArrayBuffer.isView(values) && !(values instanceof arrays[dtype]) ? undefined : dtype,
  );
  checkFits(where, tensor, flat.dtype, flat.values.length);
  return stored(dtype, flat.values);
}
