import { check, LatentError, named, show } from "../device/errors.ts";
import { reshape } from "../graph/ops/shape.ts";
import { sameDevice } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** What may become a data set: bytes 0 to 255 (read as 0 to 1), floats as they are, or a tensor of either. */
export type DatasetSource = Uint8Array | Uint8ClampedArray | Float32Array | Tensor;

export function checkFinite(where: string, values: Float32Array, features: number): void {
  const bad = values.findIndex((v) => !Number.isFinite(v));
  check(
    bad < 0,
    "data",
    where,
    () => `row ${Math.floor(bad / features)}, feature ${bad % features} is ${values[bad]}. Expected finite numbers.`,
  );
}

export function arrayOf(
  where: string,
  values: Exclude<DatasetSource, Tensor>,
  features: number,
): Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  if (values instanceof Float32Array) {
    checkFinite(where, values, features);
    return values as Float32Array<ArrayBuffer>;
  }
  if (values instanceof Uint8ClampedArray)
    return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.length);
  check(
    values instanceof Uint8Array,
    "argument",
    where,
    () => `expected a Uint8Array, Float32Array or Tensor; got ${named(values)}.`,
  );
  return values as Uint8Array<ArrayBuffer>;
}

/** The tensor itself where it is [samples, features] already, else a look at it. */
export function flattened(
  gpu: Gpu,
  values: Tensor,
  samples: number,
  features: number,
  own: (tensor: Tensor) => Tensor,
): Tensor {
  const where = "Dataset.from";
  check(
    values.dtype === "u8" || values.dtype === "f32",
    "argument",
    where,
    () => `expected a tensor of u8 or f32; got ${values.dtype}.`,
  );
  check(values.gpu === gpu, "wrong-device", where, () => "the tensor lives on another gpu than the data set.");
  if (values.disposed) throw new LatentError("disposed", `${where}: tensor ${show(values.shape)} is disposed.`);
  return values.rank === 2 && values.shape[1] === features ? values : own(reshape(values, [samples, features]));
}

/** A further field as [count, …]. */
export function fieldOf(
  gpu: Gpu,
  where: string,
  name: string,
  values: DatasetSource,
  samples: number,
  own: (tensor: Tensor) => Tensor,
): Tensor {
  check(
    !["x", "labels"].includes(name),
    "argument",
    where,
    () => `"${name}" is what samples and labels are called. Expected another name.`,
  );
  const size = values instanceof Tensor ? values.size : values.length;
  check(
    size > 0 && size % samples === 0,
    "data",
    where,
    () => `expected a multiple of ${samples} values, one row for each sample; got ${size}.`,
  );
  if (values instanceof Tensor) {
    sameDevice(where, gpu, values);
    check(
      values.shape[0] === samples && (values.dtype === "u8" || values.dtype === "f32"),
      "shape",
      where,
      () => `expected [${samples}, …] of u8 or f32; got ${values.dtype} ${show(values.shape)}.`,
    );
    return values;
  }
  const columns = size / samples;
  const shape = columns === 1 ? [samples] : [samples, columns];
  return own(gpu.tensor(arrayOf(where, values, columns), shape));
}

export function labelsOf(
  gpu: Gpu,
  where: string,
  labels: ArrayLike<number> | Tensor,
  samples: number,
  own: (tensor: Tensor) => Tensor,
): Tensor {
  const isArray = Array.isArray(labels) || (ArrayBuffer.isView(labels) && !(labels instanceof DataView));
  check(
    labels instanceof Tensor || isArray,
    "argument",
    where,
    () => `expected labels as an array of class numbers or a tensor of u8; got ${named(labels)}.`,
  );
  const size = labels instanceof Tensor ? labels.size : labels.length;
  check(
    size === samples,
    "data",
    where,
    () => `labels and samples differ in number. Expected ${samples} labels; got ${size}.`,
  );
  if (!(labels instanceof Tensor)) return own(gpu.tensor(classNumbers(where, labels), [samples, 1]));
  check(
    labels.dtype === "u8",
    "argument",
    where,
    () => `expected labels of dtype u8; got ${labels.dtype}. Give them as an array.`,
  );
  return flattened(gpu, labels, samples, 1, own);
}

/** Labels as bytes. Throws LatentError("data") naming the first that is no class number. */
function classNumbers(where: string, labels: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = Number(labels[i]);
    check(
      Number.isInteger(label) && label >= 0 && label <= 255,
      "data",
      where,
      () => `label ${i} is ${String(labels[i])}. Expected class numbers from 0 to 255.`,
    );
    bytes[i] = label;
  }
  return bytes;
}
