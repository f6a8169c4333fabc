import type { Device } from "../device/device.ts";
import { check, show } from "../device/errors.ts";
import { byteLength, type TypedArray, typed } from "../graph/dtype.ts";
import { copyOf } from "../graph/maps.ts";
import { noteWrite } from "../graph/provenance.ts";
import { layout, recordMap, sameDevice, storageOf } from "../graph/record.ts";
import type { Storage, Values } from "../graph/storage.ts";
import { Tensor } from "../graph/tensor.ts";
import { abortable, signalOf } from "../formats/call.ts";
import type { ReadOptions } from "../graph/options.ts";
import type { EagerRunner } from "./eager.ts";
import type { Engine } from "./engine.ts";
import { checkAlive, checkLeaf, isWritten, sure } from "./lifetime.ts";
import { checkFits, placeToWrite, valuesFor } from "./put.ts";

const checkNotEmpty = (where: string, tensor: Tensor): void =>
  check(
    tensor.size > 0,
    "shape",
    where,
    () => `expected at least one element; got ${String(tensor)}, which has no memory.`,
  );

/** How values get out of tensors, and into states: reading runs what is missing. */
export class Access {
  readonly #gpu: Engine;
  readonly #device: Device;
  readonly #eager: EagerRunner;

  constructor(gpu: Engine, device: Device, eager: EagerRunner) {
    this.#gpu = gpu;
    this.#device = device;
    this.#eager = eager;
  }

  /** @internal Writes `values` over `storage`; a last partial word is filled with zeros. */
  write(storage: Storage, values: TypedArray): void {
    const whole = values.byteLength - (values.byteLength % 4);
    const { queue } = this.#device.gpu;
    noteWrite(storage.buffer);
    void this.#device.attempt("write", () => {
      if (whole) queue.writeBuffer(storage.buffer, storage.offset, values.buffer, values.byteOffset, whole);
      if (whole === values.byteLength) return;
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(values.buffer, values.byteOffset + whole, values.byteLength - whole));
      queue.writeBuffer(storage.buffer, storage.offset + whole, tail);
    });
  }

  /** Copies from some places to others on the GPU, at once; what the device refuses is thrown by the next call. */
  transfer(where: string, from: readonly Storage[], to: readonly Storage[]): void {
    for (const { buffer } of to) noteWrite(buffer);
    const encode = (encoder: GPUCommandEncoder) => {
      for (const [i, { buffer, offset, bytes }] of from.entries())
        encoder.copyBufferToBuffer(buffer, offset, to[i]!.buffer, to[i]!.offset, Math.ceil(bytes / 4) * 4);
    };
    void this.#device.attempt(where, () => this.#device.send(where, encode));
  }

  /** @internal */
  put(where: string, tensor: Tensor, values: Values | Tensor): void | Promise<void> {
    this.#gpu.checkOutside(where);
    checkAlive(where, tensor);
    const storage = placeToWrite(where, tensor);
    if (!(values instanceof Tensor)) return this.write(storage, valuesFor(where, tensor, values));
    sameDevice(where, this.#gpu, values);
    checkFits(where, tensor, values.dtype, values.size);
    return this.#gpu.outside(async () => {
      const from = await this.#stored(where, values);
      checkAlive(where, tensor);
      this.transfer(where, [from], [storage]);
    });
  }

  /** @internal */
  location(tensor: Tensor): Storage {
    this.#gpu.checkOutside("location");
    checkAlive("location", tensor);
    checkNotEmpty("location", tensor);
    const storage = storageOf(tensor);
    check(
      storage !== null && isWritten(tensor),
      "argument",
      "location",
      () =>
        `${String(tensor)} has not been computed yet. Await gpu.evaluate([x]) first, or x.copy() where x is a part or reordering.`,
    );
    const { base } = layout(tensor);
    checkLeaf("location", this.#gpu, base);
    this.#share(tensor);
    return storage;
  }

  /** Somebody knows where it lies: nothing moves it any more. */
  #share(tensor: Tensor): void {
    const { base } = layout(tensor);
    tensor.used = base.used = true;
  }

  read(tensor: Tensor, options: ReadOptions = {}): Promise<TypedArray> {
    return this.#gpu.outside(async () => {
      const where = `read ${show(tensor.shape)}`;
      const signal = signalOf(where, options);
      if (!isWritten(tensor)) await sure([tensor]);
      const now = this.#now(where, tensor);
      // at once where there is nothing to compute: what is submitted later cannot change it
      if (tensor.size === 0) return typed(tensor.dtype, new ArrayBuffer(0));
      const { buffer, offset } = now ?? (await this.#computed(where, tensor, signal));
      const read = this.#device.read(buffer, offset, byteLength(tensor.shape, tensor.dtype), where);
      // what the device says of the run comes while the bytes are on their way, and is the reason if both are refused
      read.catch(() => {});
      await sure([tensor]);
      return typed(tensor.dtype, await abortable(read, signal));
    });
  }

  buffer(tensor: Tensor): Promise<GPUBuffer> {
    return this.#gpu.outside(async () => {
      checkNotEmpty("buffer", tensor);
      const { buffer, offset, bytes } = await this.#stored("buffer", tensor);
      check(
        offset === 0 && buffer.size - bytes < 4,
        "unsupported",
        "buffer",
        () => "this tensor is a part of another's buffer. Call copy() first.",
      );
      this.#share(tensor);
      return buffer;
    });
  }

  copy(tensor: Tensor): Promise<Tensor> {
    const copied = recordMap("copy", copyOf(tensor.dtype), [tensor], null);
    return this.#gpu.outside(async () => {
      await this.#stored("copy", copied);
      return copied;
    });
  }

  /** Runs what the tensors need, in one plan; afterwards each has storage of its own. */
  evaluate(tensors: readonly Tensor[], options: ReadOptions = {}): Promise<void> {
    return this.#gpu.outside(async () => {
      const signal = signalOf("evaluate", options);
      this.#gpu.checkOutside("evaluate");
      for (const tensor of tensors) sameDevice("evaluate", this.#gpu, tensor);
      await sure(tensors);
      const missing = tensors.filter((t) => !storageOf(t));
      await this.#eager.run("evaluate", missing, signal);
      await abortable(sure(missing), signal);
    });
  }

  /** Where the values lie, null while they are still to be computed. */
  #now(where: string, tensor: Tensor): Storage | null {
    this.#gpu.checkOutside(where);
    checkAlive(where, tensor);
    const storage = storageOf(tensor);
    if (storage) checkLeaf(where, this.#gpu, layout(tensor).base);
    return storage;
  }

  /** Where the values lie once the device has said that it takes what computes them. */
  async #stored(where: string, tensor: Tensor): Promise<Storage> {
    await sure([tensor]);
    const now = this.#now(where, tensor);
    if (now) return now;
    await this.#computed(where, tensor);
    await sure([tensor]);
    return this.#now(where, tensor)!;
  }

  /** Where the values will lie: what computes them is submitted. */
  async #computed(where: string, tensor: Tensor, signal?: AbortSignal): Promise<Storage> {
    await this.#eager.run(where, [tensor], signal);
    return this.#now(where, tensor)!;
  }
}
