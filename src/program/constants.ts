import type { Device } from "../device/device.ts";
import { dtypeOf, type Shape, type TypedArray } from "../graph/dtype.ts";
import type { Storage } from "../graph/storage.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";

/** The storage of an op's own constants while nothing needs them. */
export const absent: Storage = { buffer: null as unknown as GPUBuffer, offset: 0, bytes: 0, owner: null };

/** A tensor of an op's own making, over values that stay on the CPU and are written to the GPU for each run or program that reads them. */
export function constantOf(
  gpu: Engine,
  device: Device,
  values: TypedArray,
  shape: Shape,
  dtype = dtypeOf(values)!,
): Tensor {
  const tensor = gpu.wrap(absent, { shape, dtype });
  tensor.upload = () => {
    const storage = device.place("constants", values.byteLength);
    gpu.write(storage, values);
    return storage;
  };
  return tensor;
}

/** Where the values of a stored leaf are; an op's own constants are written now if they are not there. */
export function residentStorage(leaf: Tensor): Storage {
  const source = leaf.source as Extract<Tensor["source"], { kind: "stored" }>;
  if (!leaf.upload || source.storage !== absent) return source.storage;
  const storage = leaf.upload();
  leaf.source = { ...source, storage };
  return storage;
}
