import type { Device } from "../device/device.ts";
import { checkOptions } from "../device/errors.ts";
import { byteLength, checkDType, type DType, elements, type Shape, stored } from "../graph/dtype.ts";
import { expand } from "../graph/ops/shape.ts";
import { checkSizes, constant } from "../graph/record.ts";
import type { Values } from "../graph/storage.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";
import { laidOut, type TensorOptions } from "./nested.ts";

/** A tensor of the user's `values` in memory of its own; what `gpu.tensor` and `gpu.state` say of them holds. */
export function uploaded(
  gpu: Engine,
  device: Device,
  where: "tensor" | "state",
  values: Values,
  shape: Shape | TensorOptions | undefined,
  given?: TensorOptions,
): Tensor {
  device.check(where);
  const { dims, dtype, values: flat } = laidOut(where, values, shape, given);
  const storage = device.place(where, byteLength(dims, dtype));
  gpu.write(storage, stored(dtype, flat));
  return new Tensor(gpu, { shape: dims, dtype }, { kind: "stored", storage, state: where === "state" });
}

/** `shape` full of `value`, in no memory. */
export function full<D extends DType = "f32">(
  gpu: Engine,
  shape: Shape,
  value: number,
  options: TensorOptions<D>,
): Tensor<D> {
  checkOptions("full", options, ["dtype"]);
  checkSizes("full", shape);
  const { dtype = "f32" as D } = options;
  checkDType("full", dtype);
  return expand(constant(gpu, elements("full", dtype, [value])[0]!, dtype), shape);
}
