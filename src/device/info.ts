/** What the adapter says of itself; `software` marks a CPU adapter, so that no number of one passes for a GPU's. */
export interface DeviceInfo {
  /** Who made the GPU. */
  readonly vendor: string;
  /** Its family. */
  readonly architecture: string;
  /** Whose hardware, as far as the names tell. */
  readonly family: "nvidia" | "amd" | "intel" | "apple" | "mobile" | "software" | "unknown";
  /** Its name, where the browser tells it. */
  readonly description: string;
  /** Whether the CPU plays the GPU. */
  readonly software: boolean;
  /** WebGPU's optional features that the device has. */
  readonly features: readonly string[];
  /** WebGPU's limits of the device by name. */
  readonly limits: { readonly [name: string]: number };
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Whether a CPU stands behind an adapter. */
export const isSoftware = ({
  vendor,
  architecture,
  description,
  isFallbackAdapter,
}: Partial<GPUAdapterInfo>): boolean =>
  isFallbackAdapter === true || SOFTWARE.test(`${vendor} ${architecture} ${description}`);

const FAMILIES = [
  ["nvidia", /nvidia/i],
  ["amd", /amd|ati\b|radeon/i],
  ["intel", /intel/i],
  ["apple", /apple/i],
  ["mobile", /qualcomm|adreno|\barm\b|mali|samsung|xclipse|img|powervr|broadcom/i],
] as const;

export function describe(device: GPUDevice, adapter: GPUAdapter | null): DeviceInfo {
  const info = device.adapterInfo ?? adapter?.info;
  const { vendor = "", architecture = "", description = "" } = info ?? {};
  const software = isSoftware(info ?? {});
  const name = `${vendor} ${architecture} ${description}`;
  return {
    vendor,
    architecture,
    family: software ? "software" : (FAMILIES.find(([, pattern]) => pattern.test(name))?.[0] ?? "unknown"),
    description,
    software,
    features: [...device.features].sort(),
    limits: limitsOf(device.limits),
  };
}

/** The limits as a plain object: GPUSupportedLimits keeps them on its prototype. */
function limitsOf(limits: GPUSupportedLimits): { [name: string]: number } {
  const numbers: { [name: string]: number } = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits] as unknown;
    if (typeof value === "number") numbers[name] = value;
  }
  return numbers;
}
