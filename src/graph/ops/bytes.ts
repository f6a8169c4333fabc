import { check, checkOptions } from "../../device/errors.ts";
import { bytes as launch } from "../../kernels/bytes.ts";
import { count } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";

const bytesOp: KernelOp = {
  name: "bytes",
  launch: (_inputs, [y], { scale }) => launch(count(y!.shape), Number(scale)),
};

/** u8 data as f32, times `scale` (1/255 for pixels). No gradient. */
export function bytes(x: Tensor, options: { readonly scale?: number } = {}): Tensor {
  checkOptions("bytes", options, ["scale"]);
  check(x.dtype === "u8", "argument", "bytes", () => `expected u8 data; got ${x.dtype}.`);
  return recordOne(bytesOp, [x], { shape: x.shape, dtype: "f32" }, { scale: options.scale ?? 1 }, null);
}
