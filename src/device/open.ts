import { LatentError } from "./errors.ts";

/** Wanted where the adapter has them; none is needed. */
const FEATURES = ["timestamp-query", "subgroups"] as const;
/** Limits are raised to at most these, never above what the adapter has: a larger request costs some drivers memory. */
const LIMITS = {
  maxBufferSize: 2 ** 31,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
} as const;

export interface OpenOptions {
  readonly powerPreference?: GPUPowerPreference;
  readonly signal?: AbortSignal;
  /** Only the limits that every WebGPU device has (128 MiB bindings, 8 storage buffers a stage): for tests. */
  readonly defaultLimits?: boolean;
}

/** Asks `api` for an adapter and a device. Throws LatentError("unsupported") saying which of the two was missing. */
export async function requestDevice(
  api: GPU | undefined,
  { powerPreference, signal, defaultLimits = false }: OpenOptions,
): Promise<{ device: GPUDevice; adapter: GPUAdapter }> {
  signal?.throwIfAborted();
  if (!api) throw new LatentError("unsupported", noApi());
  const adapter = await api.requestAdapter(powerPreference ? { powerPreference } : {});
  signal?.throwIfAborted();
  if (!adapter)
    throw new LatentError(
      "unsupported",
      "openGpu: WebGPU is here, but no adapter came. Start Chromium with --enable-unsafe-webgpu, or install a Vulkan driver.",
    );
  const descriptor: GPUDeviceDescriptor = {
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(
      Object.entries(LIMITS).map(
        ([name, most]) => [name, Math.min(most, adapter.limits[name as keyof typeof LIMITS])] as const,
      ),
    ),
  };
  const device = await adapter.requestDevice(defaultLimits ? {} : descriptor).catch((cause: unknown) => {
    const asked = JSON.stringify(descriptor);
    throw new LatentError(
      "unsupported",
      `openGpu: the adapter gave no device. Expected one with ${asked}; got ${String(cause)}.`,
      { cause },
    );
  });
  if (signal?.aborted) device.destroy();
  signal?.throwIfAborted();
  return { device, adapter };
}

function noApi(): string {
  const secure = (globalThis as { isSecureContext?: boolean }).isSecureContext;
  return secure === false
    ? "openGpu: WebGPU needs a secure context. Serve this page over https or from localhost."
    : "openGpu: no WebGPU here. Use Chrome 113 or later, start Chromium with --enable-unsafe-webgpu, or openNodeGpu in Node.";
}
