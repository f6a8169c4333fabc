/** What the adapter says of itself; `software` marks a CPU adapter, so that no number of one passes for a GPU's. */
export interface DeviceInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly software: boolean;
  readonly features: readonly string[];
  readonly limits: { readonly [name: string]: number };
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

export function describe(device: GPUDevice, adapter: GPUAdapter | null): DeviceInfo {
  const info = device.adapterInfo ?? adapter?.info;
  const { vendor = "", architecture = "", description = "" } = info ?? {};
  const fallback = (info as { isFallbackAdapter?: boolean } | undefined)?.isFallbackAdapter === true;
  return {
    vendor,
    architecture,
    description,
    software: fallback || SOFTWARE.test(`${vendor} ${architecture} ${description}`),
    features: [...device.features].sort(),
    limits: limitsOf(device.limits),
  };
}

/** The limits as a plain object: GPUSupportedLimits keeps them on its prototype. */
function limitsOf(limits: GPUSupportedLimits): { [name: string]: number } {
  const plain: { [name: string]: number } = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits] as unknown;
    if (typeof value === "number") plain[name] = value;
  }
  return plain;
}
