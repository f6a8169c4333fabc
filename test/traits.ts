import type { DeviceTraits } from "../src/kernels/launch.ts";

/** A GPU with subgroups, default limits and nothing tuned: plans for it are the same on every machine. */
export const hardware: DeviceTraits = {
  family: "unknown",
  features: new Set(["subgroups"]),
  maxBindingBytes: 2 ** 27,
  maxStorageBuffers: 8,
  maxGroups: 65_535,
  maxImmediateBytes: 0,
  choices: new Map(),
};

/** The same limits on a software adapter. */
export const software: DeviceTraits = { ...hardware, family: "software" };
