import { check, show } from "../../device/errors.ts";
import { batch as launch } from "../../kernels/batch.ts";
import type { KernelOp } from "../kernelOp.ts";
import { recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";

const batchOp: KernelOp = {
  name: "batch",
  launch([data, order], [y], { scale, ordered }) {
    const [count, features] = data!.shape as [number, number];
    return launch({
      batch: y!.shape[0]!,
      count,
      features,
      scale: scale as number,
      bytes: data!.dtype === "u8",
      ordered: ordered === true && order !== undefined,
    });
  },
};

/**
 * Rows of a data set, from the position trainCounters[1] on, in the order of a table:
 *
 *     y[b] = scale · data[order[trainCounters[1] + b]]       without a table: data[trainCounters[1] + b]
 *
 * data: [count, features], u8 or f32; order: [count] u32; trainCounters: [4] u32. Returns [batch, features], f32.
 * Rows beyond the data set repeat its last one. Throws LatentError on other shapes or dtypes.
 */
export function batchOf(
  data: Tensor,
  order: Tensor | null,
  trainCounters: Tensor,
  batch: number,
  scale: number,
): Tensor {
  check(
    data.rank === 2 && (data.dtype === "u8" || data.dtype === "f32"),
    "shape",
    "batch",
    () => `expected data [count, features], u8 or f32; got ${data.dtype} ${show(data.shape)}.`,
  );
  const [count, features] = data.shape as [number, number];
  check(
    trainCounters.dtype === "u32" && trainCounters.size === 4,
    "shape",
    "batch",
    () => `expected train counters u32 [4]; got ${trainCounters.dtype} ${show(trainCounters.shape)}.`,
  );
  check(
    order === null || (order.dtype === "u32" && order.size === count),
    "shape",
    "batch",
    () => `expected an order u32 [${count}]; got ${order!.dtype} ${show(order!.shape)}.`,
  );
  check(
    Number.isInteger(batch) && batch > 0,
    "argument",
    "batch",
    () => `expected a whole number of rows > 0; got ${batch}.`,
  );
  const inputs = order ? [data, order, trainCounters] : [data, trainCounters];
  return recordOne(
    batchOp,
    inputs,
    { shape: [batch, features], dtype: "f32" },
    { scale, ordered: order !== null },
    null,
  );
}
