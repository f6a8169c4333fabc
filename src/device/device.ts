import { LatentError } from "./errors.ts";
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
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event;
      const code = error.constructor.name === "GPUOutOfMemoryError" ? "out-of-memory" : "argument";
      this.#fault ??= new LatentError(code, `device: ${error.message}`);
    });
  }

  /** Throws if the device is disposed or lost, or if an earlier command failed; the failure is reported once. */
  check(where: string): void {
    if (this.#disposed) throw new LatentError("disposed", `${where}: the gpu is disposed. Open a new one.`);
    if (this.#loss)
      throw new LatentError(
        "device-lost",
        `${where}: the device is lost (${this.#loss.reason}). ${this.#loss.message}`,
      );
    const fault = this.#fault;
    this.#fault = null;
    if (fault) throw fault;
  }

  get disposed(): boolean {
    return this.#disposed;
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

  /** Runs `allocate` in an out-of-memory scope; on failure empties the pool and tries once more. */
  async allocate<T>(where: string, allocate: () => T, release: (taken: T) => void): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      this.check(where);
      this.gpu.pushErrorScope("out-of-memory");
      let taken: T;
      let scope: Promise<GPUError | null>;
      try {
        taken = allocate();
      } finally {
        scope = this.gpu.popErrorScope();
      }
      const error = await scope.catch(() => null);
      if (!error) return taken;
      release(taken);
      this.pool.trim();
      if (attempt > 0) {
        const { bytes } = this.pool.memory();
        throw new LatentError(
          "out-of-memory",
          `${where}: the device has no memory left; ${bytes} bytes are in use. ${error.message}`,
        );
      }
    }
  }

  /** The first `bytes` of `buffer` from `offset`, after all work submitted so far. */
  async read(buffer: GPUBuffer, offset: number, bytes: number, where: string): Promise<ArrayBuffer> {
    this.check(where);
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const at = this.#staging.findIndex((b) => b.size >= size && b.size <= 2 * size + 4096);
    const staging =
      at >= 0
        ? this.#staging.splice(at, 1)[0]!
        : this.gpu.createBuffer({ label: "read", size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.gpu.createCommandEncoder({ label: where });
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    this.gpu.queue.submit([encoder.finish()]);
    try {
      await this.settle(staging.mapAsync(GPUMapMode.READ, 0, size), where);
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
