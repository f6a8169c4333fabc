import { check, checkOptions } from "../../device/errors.ts";
import { bytes as launch } from "../../kernels/bytes.ts";
import { count } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { checkTensor } from "../operand.ts";
import { inOrder, layout, recordMap, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";

const bytesOp: KernelOp = {
  name: "bytes",
  launch: (_inputs, [y], { first, scale }) => launch(count(y!.shape), Number(first), Number(scale)),
};

/**
 * The stored bytes that `x` looks at, and where it starts there. A part along the first axis (slice) and another shape
 * (reshape) are read in place, other views are copied.
 */
export function bytesOf(where: string, x: Tensor): { base: Tensor; first: number } {
  if (!inOrder(x)) return { base: recordMap(where, "copy_u8", [x], null), first: 0 };
  const { base, offset } = layout(x);
  return { base, first: offset };
}

/**
 * u8 data as f32, times `scale` (1/255 for pixels). No gradient.
 *
 *     await bytes(gpu.tensor(Uint8Array.of(0, 255))).read(); // 0, 255
 */
export function bytes(x: Tensor, options: { readonly scale?: number } = {}): Tensor<"f32"> {
  checkTensor("bytes", x);
  checkOptions("bytes", options, ["scale"]);
  check(x.dtype === "u8", "argument", "bytes", () => `expected u8 data; got ${x.dtype}.`);
  const { base, first } = bytesOf("bytes", x);
  return recordOne(bytesOp, [base], { shape: x.shape, dtype: "f32" }, { first, scale: options.scale ?? 1 }, null);
}
