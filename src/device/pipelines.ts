import { LatentError } from "./errors.ts";

/** A compute shader with its bindings, as far as WebGPU needs to know it. */
export interface ShaderSource {
  readonly label: string;
  readonly code: string;
  readonly entry: string;
  /** Binding numbers and how each is used. */
  readonly bindings: readonly { readonly binding: number; readonly type: GPUBufferBindingType }[];
  /** Bytes of its `var<immediate>`, which the pass carries along; 0 without one. */
  readonly immediates: number;
}

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const MOST_CACHED = 512;

/** What each device has: engines that share a device share it. */
const ofDevices = new WeakMap<GPUDevice, Map<string, Promise<Pipeline>>>();

/** Compiled pipelines by their text and bindings. Misses compile in parallel; the least recently used leave first. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #cache: Map<string, Promise<Pipeline>>;
  /** Pipelines compiled for this engine. */
  created = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#cache = ofDevices.get(device) ?? new Map();
    ofDevices.set(device, this.#cache);
  }

  get(source: ShaderSource): Promise<Pipeline> {
    const key = source.entry + JSON.stringify(source.bindings) + source.code;
    const cache = this.#cache;
    let compiled = cache.get(key);
    if (!compiled) {
      compiled = this.#compile(source);
      compiled.catch(() => cache.delete(key));
    }
    cache.delete(key); // reinserted: a Map keeps the order of insertion
    cache.set(key, compiled);
    const [oldest] = cache.keys();
    if (cache.size > MOST_CACHED) cache.delete(oldest!);
    return compiled;
  }

  async #compile({ label, code, entry, bindings, immediates }: ShaderSource): Promise<Pipeline> {
    const storage = bindings.filter((b) => b.type !== "uniform").length;
    const allowed = this.#device.limits.maxStorageBuffersPerShaderStage;
    if (storage > allowed)
      throw new LatentError(
        "limit",
        `${label}: ${storage} storage buffers, but this device allows ${allowed} per stage. Split the kernel.`,
      );
    this.created++;
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ label, code });
    const layout = this.#device.createBindGroupLayout({
      label,
      entries: bindings.map(({ binding, type }) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
    });
    const pipelineLayout = this.#device.createPipelineLayout({
      label,
      bindGroupLayouts: [layout],
      ...(immediates ? { immediateSize: immediates } : {}),
    });
    // a lost device rejects it; the pipeline's own promise says so, too
    const failure = this.#device.popErrorScope().catch(() => null);
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label,
        layout: pipelineLayout,
        compute: { module, entryPoint: entry },
      });
      await failure;
      return { pipeline, layout };
    } catch (cause) {
      await failure;
      const info = await module.getCompilationInfo().catch(() => null);
      const messages = info?.messages.filter((m) => m.type === "error") ?? [];
      // no fault of the text: what became of the device is for the caller to find out
      if (messages.length === 0 && (cause as Partial<GPUPipelineError>).reason !== "validation") throw cause;
      const lines = code.split("\n");
      const listed = messages.map(
        (m) => `\n  ${m.lineNum}:${m.linePos} ${m.message}\n    ${lines[m.lineNum - 1] ?? ""}`,
      );
      throw new LatentError("argument", `${label}: does not compile.${listed.join("") || ` ${String(cause)}`}`, {
        cause,
      });
    }
  }
}
