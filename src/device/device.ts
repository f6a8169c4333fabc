import { check, LatentError } from "./errors.ts";
import { type DeviceInfo, describe } from "./info.ts";
import { PipelineCache } from "./pipelines.ts";
import { BufferPool } from "./pool.ts";

export interface Loss {
  readonly reason: string;
  readonly message: string;
}

/**
 * A GPUDevice that fails loudly: whatever goes wrong on it surfaces at the next await, with the label of the kernel,
 * and after its loss every call rejects instead of returning zeros.
 */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: DeviceInfo;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly lost: Promise<Loss>;
  readonly #owned: boolean;
  readonly #staging: GPUBuffer[] = [];
  readonly #waiting = new Set<() => void>();
  #loss: Loss | null = null;
  #fault: LatentError | null = null;
  #disposed = false;
  #declareLost: (loss: Loss) => void = () => {};
  readonly #onError = (event: GPUUncapturedErrorEvent): void => {
    event.preventDefault();
    const full = event.error.constructor.name === "GPUOutOfMemoryError";
    this.#fault ??= this.#refused("device", event.error, full);
  };

  constructor(device: GPUDevice, adapter: GPUAdapter | null, owned: boolean) {
    this.gpu = device;
    this.#owned = owned;
    this.info = describe(device, adapter);
    this.pool = new BufferPool(device);
    this.pipelines = new PipelineCache(device);
    this.lost = new Promise((resolve) => (this.#declareLost = resolve));
    const lose = (loss: Loss) => {
      this.#loss ??= loss;
      this.#declareLost(this.#loss);
      for (const give of this.#waiting) give();
    };
    device.lost.then(
      ({ reason, message }) => lose({ reason: String(reason), message }),
      () => {},
    );
    device.addEventListener("uncapturederror", this.#onError);
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
      work
        .catch((cause: unknown) => this.#failed(where, cause))
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(give));
    });
    this.check(where);
    return result;
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

  /** Runs `allocate`; on failure releases what it has taken, empties the pool and tries once more. */
  async allocate(where: string, allocate: () => void, release: () => void): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      this.check(where);
      try {
        return await this.#watch(where, allocate);
      } catch (error) {
        release();
        this.pool.trim();
        if (attempt > 0) throw error;
      }
    }
  }

  #refused(where: string, { message }: GPUError, full: boolean): LatentError {
    const used = full ? `${this.pool.memory().bytes} bytes in use. ` : "";
    return new LatentError(full ? "out-of-memory" : "argument", `${where}: ${used}${message}`);
  }

  /** Submits one compute pass. */
  submit(label: string, encode: (pass: GPUComputePassEncoder) => void): void {
    const encoder = this.gpu.createCommandEncoder({ label });
    const pass = encoder.beginComputePass({ label });
    encode(pass);
    pass.end();
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Does `work` at once; rejects with what the device refuses of it, so that no other call has to. */
  async #watch(where: string, work: () => void): Promise<void> {
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let errors: Promise<(GPUError | null)[]>;
    try {
      work();
    } finally {
      errors = Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()]).catch(() => []);
    }
    const [invalid, full] = await errors;
    const error = full ?? invalid;
    if (error) throw this.#refused(where, error, full === error);
  }

  /** The first `bytes` of `buffer` from `offset`, after all work submitted so far. */
  async read(buffer: GPUBuffer, offset: number, bytes: number, where: string): Promise<ArrayBuffer> {
    this.check(where);
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const at = this.#staging.findIndex((b) => b.size >= size && b.size <= 2 * size + 4096);
    let staging = this.#staging.splice(at, at < 0 ? 0 : 1)[0]!;
    const copied = this.#watch(where, () => {
      staging ??= this.gpu.createBuffer({
        label: "read",
        size,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      const encoder = this.gpu.createCommandEncoder({ label: where });
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
      this.gpu.queue.submit([encoder.finish()]);
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
    this.gpu.removeEventListener("uncapturederror", this.#onError);
    this.pool.destroy();
    for (const buffer of this.#staging) buffer.destroy();
    if (this.#owned) this.gpu.destroy();
    this.#declareLost({ reason: "destroyed", message: "the gpu was disposed" });
  }
}
