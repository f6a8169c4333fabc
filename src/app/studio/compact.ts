import { parseSafetensors, type Safetensor, writeSafetensors } from "../../formats/safetensors.ts";
import { halfPrecision } from "./half.ts";

/** Tensors of fewer numbers stay as they are: biases, weights of components. */
const LEAST = 1000;

/** A model's file with large tensors in half precision and `notes` in its metadata; `load` reads it as it reads the other. */
export function compact(bytes: Uint8Array, notes: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const where = "compact";
  const { tensors, metadata } = parseSafetensors(bytes, { where });
  const smaller = [...tensors].map(([name, tensor]): [string, Safetensor] => [
    name,
    tensor.dtype === "F32" && tensor.data.length >= LEAST
      ? { dtype: "F16", shape: tensor.shape, data: halfPrecision(tensor.data as Float32Array) }
      : tensor,
  ]);
  return writeSafetensors(smaller, [...metadata, ...Object.entries(notes)], where);
}
