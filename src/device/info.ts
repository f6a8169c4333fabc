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

export type Family = DeviceInfo["family"];

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|\bwarp\b|software/i;

/** Whether a CPU stands behind an adapter. */
export const isSoftware = ({
  vendor,
  architecture,
  description,
  isFallbackAdapter,
}: Partial<GPUAdapterInfo>): boolean =>
  isFallbackAdapter === true || SOFTWARE.test(`${vendor} ${architecture} ${description}`);

/** A browser may hide some of an adapter's names, so any of them will do. */
const NAMES = [
  ["nvidia", /nvidia|geforce/i],
  ["amd", /\bamd\b|\bati\b|radeon/i],
  ["intel", /intel/i],
  ["apple", /apple/i],
  ["mobile", /qualcomm|adreno|\barm\b|mali\b|samsung|xclipse|\bimg\b|powervr|broadcom|videocore/i],
] as const;

/** Sizes of subgroups, smallest and largest, that among the families whose defaults differ one alone has. */
const SUBGROUPS: readonly (readonly [Family, min: number, max: number])[] = [
  ["amd", 64, 64],
  ["intel", 8, 16],
  ["intel", 8, 32],
  ["intel", 16, 32],
  ["mobile", 16, 16],
  ["mobile", 64, 128],
];

/** Whose hardware an adapter is: by its names, and where these say nothing, by the sizes of its subgroups. */
export function familyOf(info: Partial<GPUAdapterInfo>): Family {
  if (isSoftware(info)) return "software";
  const { vendor = "", architecture = "", description = "", subgroupMinSize, subgroupMaxSize } = info;
  const name = `${vendor} ${architecture} ${description}`;
  const named = NAMES.find(([, pattern]) => pattern.test(name));
  const sized = SUBGROUPS.find(([, min, max]) => min === subgroupMinSize && max === subgroupMaxSize);
  return (named ?? sized)?.[0] ?? "unknown";
}

export function describe(device: GPUDevice, adapter: GPUAdapter | null): DeviceInfo {
  const info = device.adapterInfo ?? adapter?.info;
  const { vendor = "", architecture = "", description = "" } = info ?? {};
  const family = familyOf(info ?? {});
  return {
    vendor,
    architecture,
    family,
    description,
    software: family === "software",
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
