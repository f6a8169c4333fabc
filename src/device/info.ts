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

/** Whether a CPU stands behind an adapter. */
export const isSoftware = ({
  vendor,
  architecture,
  description,
  isFallbackAdapter,
}: Partial<GPUAdapterInfo>): boolean =>
  isFallbackAdapter === true || SOFTWARE.test(`${vendor} ${architecture} ${description}`);

export function describe(device: GPUDevice, adapter: GPUAdapter | null): DeviceInfo {
  const info = device.adapterInfo ?? adapter?.info;
  const { vendor = "", architecture = "", description = "" } = info ?? {};
  return {
    vendor,
    architecture,
    description,
    software: isSoftware(info ?? {}),
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
