import type { Device } from "./device.ts";

/**
 * Seconds that the GPU spends on what `encode` puts into one pass: by timestamps where the device has them, else by the wall
 * clock from the submit to the end of its work. Both are coarse (timestamps come in steps of 0.1 ms): repeat short work.
 */
export async function secondsOf(
  device: Device,
  where: string,
  encode: (pass: GPUComputePassEncoder) => void,
): Promise<number> {
  await device.idle(where);
  let stamps: Stamps | null = null;
  let start = 0;
  try {
    const submitted = device.watch(where, () => {
      stamps = device.gpu.features.has("timestamp-query") ? new Stamps(device) : null;
      const encoder = device.gpu.createCommandEncoder({ label: where });
      const pass = encoder.beginComputePass({ label: where, ...(stamps && { timestampWrites: stamps.writes }) });
      encode(pass);
      pass.end();
      stamps?.resolve(encoder);
      const commands = encoder.finish();
      start = performance.now();
      device.gpu.queue.submit([commands]);
    });
    await Promise.all([submitted, device.idle(where)]);
    const wall = (performance.now() - start) / 1000;
    const seconds = (await (stamps as Stamps | null)?.seconds(where)) ?? 0;
    // some drivers write zeros, or the end before the beginning
    return seconds > 0 ? seconds : wall;
  } finally {
    (stamps as Stamps | null)?.destroy();
  }
}

/** The times at the beginning and at the end of one pass. */
class Stamps {
  readonly #device: Device;
  readonly #querySet: GPUQuerySet;
  readonly #buffer: GPUBuffer;
  readonly writes: GPUComputePassTimestampWrites;

  constructor(device: Device) {
    this.#device = device;
    this.#querySet = device.gpu.createQuerySet({ label: "stopwatch", type: "timestamp", count: 2 });
    this.#buffer = device.gpu.createBuffer({
      label: "stopwatch",
      size: 16,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.writes = { querySet: this.#querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#querySet, 0, 2, this.#buffer, 0);
  }

  async seconds(where: string): Promise<number> {
    const [start, end] = new BigInt64Array(await this.#device.read(this.#buffer, 0, 16, where));
    return Number(end! - start!) / 1e9;
  }

  destroy(): void {
    this.#querySet.destroy();
    this.#buffer.destroy();
  }
}
