import { check, show } from "../device/errors.ts";
import { layout, storageOf } from "../graph/record.ts";
import type { Storage } from "../graph/storage.ts";
import type { Tensor } from "../graph/tensor.ts";
import { ALIGNMENT } from "../kernels/arguments.ts";

/**
 * Throws LatentError("argument") unless a step may write `state`, a whole one or a part that lies in order and that a kernel
 * can bind, and unless that stays clear of `others`, which are known to be such.
 */
export function checkAssigned(state: Tensor, others: readonly { readonly state: Tensor }[]): void {
  const { source } = layout(state).base;
  const place = storageOf(state);
  check(
    source.kind === "stored" && source.state && place !== null && place.offset % ALIGNMENT === 0,
    "argument",
    "assign",
    () =>
      `expected a tensor made by gpu.state, or a part of one in order from a multiple of ${ALIGNMENT} bytes; got ${show(state.shape)}.`,
  );
  const { buffer, offset, bytes } = place;
  const meets = (other: Storage): boolean =>
    other.buffer === buffer && other.offset < offset + bytes && offset < other.offset + other.bytes;
  check(
    !others.some((other) => meets(storageOf(other.state)!)),
    "argument",
    "assign",
    () => "this state is assigned twice in one step.",
  );
}
