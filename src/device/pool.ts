import { LatentError } from "./errors.ts";

/** What kernels need, and what a renderer may do with results where they lie: draw them as vertices, or be told by them how much to draw. */
const USAGE = () =>
  GPUBufferUsage.STORAGE |
  GPUBufferUsage.COPY_SRC |
  GPUBufferUsage.COPY_DST |
  GPUBufferUsage.VERTEX |
  GPUBufferUsage.INDIRECT;

/** What an engine holds of the GPU's memory. */
export interface Memory {
  /** Live buffers and their bytes; the pool's are counted apart. */
  readonly buffers: number;
  /** Bytes in live buffers. */
  readonly bytes: number;
  /** The most that it was at any time. */
  readonly peakBytes: number;
  /** Bytes that wait for reuse. */
  readonly pooledBytes: number;
}

/** Storage buffers, kept for reuse by exact size. Sizes are rounded up to whole words, and never zero. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #live = new Set<GPUBuffer>();
  readonly #most: number;
  #bytes = 0;
  #peak = 0;
  #pooled = 0;
  /** Buffers created since the device was opened, pooled reuse not counted. */
  created = 0;

  constructor(device: GPUDevice, mostPooledBytes = 256 * 2 ** 20) {
    this.#device = device;
    this.#most = mostPooledBytes;
  }

  /** A buffer of `bytes`; its contents are whatever the last user left. */
  take(bytes: number, label: string): GPUBuffer {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const limit = Math.min(this.#device.limits.maxBufferSize, this.#device.limits.maxStorageBufferBindingSize);
    if (!(size <= limit))
      throw new LatentError(
        "limit",
        `${label}: too large for this device. Expected at most ${limit} bytes in one buffer; got ${size}.`,
      );
    let buffer = this.#free.get(size)?.pop();
    if (buffer) this.#pooled -= size;
    else {
      buffer = this.#device.createBuffer({ label, size, usage: USAGE() });
      this.created++;
    }
    this.#live.add(buffer);
    this.#bytes += size;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return buffer;
  }

  give(buffer: GPUBuffer): void {
    if (!this.#live.delete(buffer)) return;
    this.#bytes -= buffer.size;
    if (this.#pooled + buffer.size > this.#most) return buffer.destroy();
    const free = this.#free.get(buffer.size);
    if (free) free.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
    this.#pooled += buffer.size;
  }

  /** Destroys what waits for reuse. */
  trim(): void {
    for (const buffers of this.#free.values()) for (const buffer of buffers) buffer.destroy();
    this.#free.clear();
    this.#pooled = 0;
  }

  destroy(): void {
    this.trim();
    for (const buffer of this.#live) buffer.destroy();
    this.#live.clear();
    this.#bytes = 0;
  }

  memory(): Memory {
    return { buffers: this.#live.size, bytes: this.#bytes, peakBytes: this.#peak, pooledBytes: this.#pooled };
  }
}
