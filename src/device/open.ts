import { check, LatentError } from "./errors.ts";

/** Wanted where the adapter has them; none is needed. */
const FEATURES = ["timestamp-query", "subgroups"] as const;
/** Limits that kernels can use: asked for as the adapter has them, buffers up to 2 GiB (more costs some drivers memory). */
const LIMITS: { readonly [name: string]: number } = {
  maxBufferSize: 2 ** 31,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  maxStorageBuffersPerShaderStage: Infinity,
  maxComputeWorkgroupStorageSize: Infinity,
  maxComputeInvocationsPerWorkgroup: Infinity,
  maxComputeWorkgroupSizeX: Infinity,
  maxComputeWorkgroupSizeY: Infinity,
};

/** What opening a device may be asked for. */
export interface OpenOptions {
  /** An adapter of your own choice. */
  readonly adapter?: GPUAdapter;
  /** Which GPU to take where there are two. */
  readonly powerPreference?: GPUPowerPreference;
  /** Beyond what the engine asks for: without them no device is opened. */
  readonly requiredFeatures?: readonly string[];
  /** Limits that the device must have; more is asked for where the adapter has it. */
  readonly requiredLimits?: { readonly [name: string]: number };
  /**
   * Milliseconds of GPU time that training and `repeat` take of each frame, where a page also draws. Without it submits follow
   * one another. A step is never divided.
   */
  readonly budgetMs?: number;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Only the limits that every WebGPU device has (128 MiB bindings, 8 storage buffers a stage): for tests. */
  readonly defaultLimits?: boolean;
}

/**
 * Asks `api` for an adapter and a device: first with every limit that the adapter has, and where that is refused with the defaults.
 * Throws LatentError("unsupported") saying what was missing.
 */
export async function requestDevice(
  api: GPU | undefined,
  { adapter: given, powerPreference, requiredFeatures = [], requiredLimits = {}, signal, defaultLimits }: OpenOptions,
): Promise<{ device: GPUDevice; adapter: GPUAdapter }> {
  signal?.throwIfAborted();
  if (!api && !given) throw new LatentError("unsupported", noApi());
  const refused = (what: string) => (cause: unknown) => {
    throw new LatentError("unsupported", `openGpu: ${what}; got ${String(cause)}.`, { cause });
  };
  const adapter =
    given ??
    (await api!
      .requestAdapter(powerPreference ? { powerPreference } : {})
      .catch(refused("the browser refuses an adapter. Expected one; try another powerPreference")));
  signal?.throwIfAborted();
  if (!adapter)
    throw new LatentError(
      "unsupported",
      "openGpu: WebGPU is here, but no adapter came. Start Chromium with --enable-unsafe-webgpu, or install a Vulkan driver.",
    );
  const lacking = requiredFeatures.find((name) => !adapter.features.has(name));
  const has = adapter.limits as unknown as { readonly [name: string]: number };
  // alignments are better the smaller they are
  const short = Object.entries(requiredLimits).find(([name, value]) =>
    name.startsWith("min") ? !(has[name]! <= value) : !(has[name]! >= value),
  );
  check(
    lacking === undefined,
    "unsupported",
    "openGpu",
    () => `the adapter lacks a required feature. Expected ${lacking}; got ${[...adapter.features].join(", ")}.`,
  );
  check(
    short === undefined,
    "unsupported",
    "openGpu",
    () => `the adapter lacks a required limit. Expected ${short!.join(" ")}; got ${has[short![0]]}.`,
  );
  const least = { requiredFeatures: requiredFeatures as GPUFeatureName[], requiredLimits };
  const wanted = FEATURES.filter((name) => adapter.features.has(name) && !requiredFeatures.includes(name));
  const offered = Object.entries(LIMITS).flatMap(([name, most]) =>
    has[name] === undefined ? [] : [[name, Math.min(most, has[name])] as const],
  );
  const most = {
    requiredFeatures: [...least.requiredFeatures, ...wanted] as GPUFeatureName[],
    requiredLimits: { ...Object.fromEntries(offered), ...requiredLimits },
  };
  const ask = (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor);
  const device = await (defaultLimits ? ask(least) : ask(most).catch(() => ask(least))).catch(
    refused(`the adapter gave no device. Expected one with ${JSON.stringify(least)}`),
  );
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
