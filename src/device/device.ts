import { check, LatentError } from "./errors.ts";
import { type DeviceInfo, describe } from "./info.ts";
import { PipelineCache } from "./pipelines.ts";
import { BufferPool } from "./pool.ts";

/** Why a device was lost. */
export interface DeviceLoss {
  /** The browser's reason, "destroyed" after dispose(). */
  readonly reason: string;
  /** What the browser says of it. */
  readonly message: string;
}

/** What the device refuses of what it was asked, null if nothing. */
export type Refusal = LatentError | null;

/**
 * A GPUDevice that fails loudly: what the engine asks of it stands in error scopes, so that what is refused rejects the call
 * that asked, and after its loss every call rejects instead of returning zeros. The errors of other code on the same device
 * are none of the engine's: it neither hears nor hides them.
 */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: DeviceInfo;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly lost: Promise<DeviceLoss>;
  readonly #owned: boolean;
  readonly #staging: GPUBuffer[] = [];
  readonly #waiting = new Set<() => void>();
  #loss: DeviceLoss | null = null;
  #fault: LatentError | null = null;
  #disposed = false;
  /** Attempts of which the device has not yet said what it thinks. */
  readonly #attempts = new Set<Promise<Refusal>>();
  #declareLost: (loss: DeviceLoss) => void = () => {};

  constructor(device: GPUDevice, adapter: GPUAdapter | null, owned: boolean) {
    this.gpu = device;
    this.#owned = owned;
    this.info = describe(device, adapter);
    this.pool = new BufferPool(device);
    this.pipelines = new PipelineCache(device);
    this.lost = new Promise((resolve) => (this.#declareLost = resolve));
    const lose = (loss: DeviceLoss) => {
      this.#loss ??= loss;
      this.#declareLost(this.#loss);
      for (const give of this.#waiting) give();
    };
    device.lost.then(
      ({ reason, message }) => lose({ reason: String(reason), message }),
      () => {},
    );
  }

  get isOpen(): boolean {
    return !this.#disposed && !this.#loss;
  }

  /** Throws if the device is disposed or lost, or if an earlier command failed; the failure is reported once. */
  check(where: string): void {
    const loss = this.#loss;
    check(!this.#disposed, "disposed", where, () => "the gpu is disposed. Open a new one.");
    check(!loss, "device-lost", where, () => `the device is lost (${loss!.reason}). ${loss!.message}`);
    const fault = this.#fault;
    this.#fault = null;
    if (fault) throw fault;
  }

  /** Waits for `work`, unless the device goes first; then checks. */
  async settle<T>(work: Promise<T>, where: string): Promise<T> {
    const result = await new Promise<T>((resolve, reject) => {
      const give = () => void this.#failed(where, "lost").catch(reject);
      this.#waiting.add(give);
      Promise.all([work, ...this.#attempts])
        .catch((cause: unknown) => this.#failed(where, cause))
        .then(([result]) => resolve(result), reject)
        .finally(() => this.#waiting.delete(give));
    });
    this.check(where);
    return result;
  }

  /** What `work` gives; undefined where it rejects, or the device is lost first. */
  orLost<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const give = () => resolve(undefined);
      this.#waiting.add(give);
      void work.then(resolve, give).finally(() => this.#waiting.delete(give));
    });
  }

  async #failed(where: string, cause: unknown): Promise<never> {
    if (cause instanceof LatentError) throw cause;
    // a failed map is the first sign of a loss; the loss itself is reported in a later task
    await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
    this.check(where);
    throw new LatentError("device-lost", `${where}: the device did not answer. ${String(cause)}`, { cause });
  }

  /** Waits until all submitted work has run. */
  async idle(where: string): Promise<void> {
    this.check(where);
    await this.settle(this.gpu.queue.onSubmittedWorkDone(), where);
  }

  /**
   * Runs `allocate`, which returns whether it created anything; on failure releases what it has taken, empties the pool and tries
   * once more. Waits for the device only where something is new.
   */
  async allocate(where: string, allocate: () => boolean, release: () => void): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      this.check(where);
      let isNew = true;
      try {
        const watched = this.watch(where, () => void (isNew = allocate()));
        if (isNew) await watched;
        // a small buffer that is refused makes what uses it refused
        else watched.catch(() => {});
        return;
      } catch (error) {
        release();
        this.pool.trim();
        if (attempt > 0) throw error;
      }
    }
  }

  /** A buffer of the pool, at once; what the device says of a new one comes with the next check. */
  place(where: string, bytes: number): { buffer: GPUBuffer; offset: number; bytes: number; owner: BufferPool } {
    let buffer: GPUBuffer;
    void this.attempt(where, () => (buffer = this.pool.take(bytes, where)));
    return { buffer: buffer!, offset: 0, bytes, owner: this.pool };
  }

  #refused(where: string, { message }: GPUError, full: boolean): LatentError {
    const used = full ? `${this.pool.memory().bytes} bytes in use. ` : "";
    return new LatentError(full ? "out-of-memory" : "argument", `${where}: ${used}${message}`);
  }

  /** Submits what `encode` records. */
  send(label: string, encode: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.gpu.createCommandEncoder({ label });
    encode(encoder);
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Submits one compute pass, after the copies that `before` records. */
  sendPass(
    label: string,
    encode: (pass: GPUComputePassEncoder) => void,
    before?: (encoder: GPUCommandEncoder) => void,
  ): void {
    this.send(label, (encoder) => {
      before?.(encoder);
      const pass = encoder.beginComputePass({ label });
      encode(pass);
      pass.end();
    });
  }

  /** Submits one compute pass at once; rejects where the device refuses it. */
  submit(label: string, encode: (pass: GPUComputePassEncoder) => void): Promise<void> {
    return this.watch(label, () => this.sendPass(label, encode));
  }

  /** Does `work` at once; rejects with what the device refuses of it, so that no other call has to. */
  async watch(where: string, work: () => void): Promise<void> {
    const error = await this.refusal(where, work);
    if (error) throw error;
  }

  /** The same for calls that do not wait: what the device refuses is thrown by the next check. */
  attempt(where: string, work: () => void): Promise<Refusal> {
    const refusal = this.refusal(where, work).then((error) => {
      this.#attempts.delete(refusal);
      this.#fault ??= error;
      return error;
    });
    this.#attempts.add(refusal);
    return refusal;
  }

  /** Does `work` at once; what the device refuses of it comes later, null if nothing. What `work` throws is thrown here. */
  refusal(where: string, work: () => void): Promise<Refusal> {
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let errors: Promise<(GPUError | null)[]>;
    try {
      work();
    } finally {
      errors = Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()]).catch(() => []);
    }
    return this.orLost(errors).then(([invalid, full] = []) => {
      const error = full ?? invalid;
      return error ? this.#refused(where, error, full === error) : null;
    });
  }

  /** The first `bytes` of `buffer` from `offset`, after all work submitted so far. */
  async read(buffer: GPUBuffer, offset: number, bytes: number, where: string): Promise<ArrayBuffer> {
    this.check(where);
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const at = this.#staging.findIndex((b) => b.size >= size && b.size <= 2 * size + 4096);
    let staging = this.#staging.splice(at, at < 0 ? 0 : 1)[0]!;
    const copied = this.watch(where, () => {
      staging ??= this.gpu.createBuffer({
        label: "read",
        size,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      this.send(where, (encoder) => encoder.copyBufferToBuffer(buffer, offset, staging, 0, size));
    });
    try {
      await this.settle(Promise.all([copied, staging.mapAsync(GPUMapMode.READ, 0, size)]), where);
      const copy = staging.getMappedRange(0, size).slice(0, bytes);
      staging.unmap();
      this.#staging.push(staging);
      if (this.#staging.length > 8) this.#staging.shift()!.destroy();
      return copy;
    } catch (error) {
      staging.destroy();
      throw error;
    }
  }

  /** Frees what this object made; destroys the GPUDevice only if it opened it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.pool.destroy();
    for (const buffer of this.#staging) buffer.destroy();
    if (this.#owned) this.gpu.destroy();
    this.#declareLost({ reason: "destroyed", message: "the gpu was disposed" });
  }
}
