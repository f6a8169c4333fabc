import { refusalOf } from "../device/borrowed.ts";
import type { Device } from "../device/device.ts";
import { check, checkOptions, named, quote, show } from "../device/errors.ts";
import { byteLength, checkDType, type DType, type Shape } from "../graph/dtype.ts";
import { checkSizes } from "../graph/record.ts";
import type { Storage } from "../graph/storage.ts";
import { pending } from "./lifetime.ts";
import { ALIGNMENT } from "../kernels/arguments.ts";

const where = "fromBuffer";

/** Checks a buffer of the app's own for `gpu.fromBuffer`, and gives its place. */
export function borrow(
  device: Device,
  buffer: GPUBuffer,
  shape: Shape,
  options: { readonly dtype?: DType; readonly offset?: number },
): { storage: Storage; dtype: DType } {
  checkOptions(where, options, ["dtype", "offset"]);
  checkSizes(where, shape);
  const { dtype = "f32", offset = 0 } = options;
  checkDType(where, dtype);
  const bytes = byteLength(shape, dtype);
  check(typeof buffer?.mapAsync === "function", "argument", where, () => `expected a GPUBuffer; got ${named(buffer)}.`);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  check(
    (buffer.usage & usage) === usage,
    "argument",
    where,
    () => `expected a buffer with GPUBufferUsage.STORAGE and COPY_SRC; got usage ${buffer.usage}.`,
  );
  check(
    buffer.mapState === "unmapped",
    "argument",
    where,
    () => `the buffer ${quote(buffer.label)} is mapped. Call unmap() first.`,
  );
  check(
    offset >= 0 && offset % ALIGNMENT === 0,
    "argument",
    where,
    () => `expected an offset ≥ 0 that is a multiple of ${ALIGNMENT}; got ${offset}.`,
  );
  const end = offset + Math.ceil(bytes / 4) * 4;
  check(
    buffer.size >= end,
    "shape",
    where,
    () => `buffer too small. Expected ${end} bytes for ${show(shape)}; got ${buffer.size}.`,
  );
  const storage: Storage = { buffer, offset, bytes, owner: null };
  probe(device, storage);
  return { storage, dtype };
}

/** Copies nothing out of the buffer, to hear what the device says of it. */
function probe(device: Device, storage: Storage): void {
  const { buffer } = storage;
  const tried = device.refusal(where, () => {
    const nowhere = device.gpu.createBuffer({ label: where, size: 4, usage: GPUBufferUsage.COPY_DST });
    device.send(where, (encoder) => encoder.copyBufferToBuffer(buffer, 0, nowhere, 0, 0));
  });
  pending(
    storage,
    tried.then((cause) => refusalOf(where, "buffer", buffer, cause)),
  );
}
