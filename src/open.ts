import { Device } from "./device/device.ts";
import { check, checkOptions } from "./device/errors.ts";
import { type OpenOptions, requestDevice } from "./device/open.ts";
import { installMethods } from "./graph/methods.ts";
import { Gpu } from "./program/gpu.ts";

export interface OpenGpuOptions extends OpenOptions {
  /** A device of your own: used as it is, and never destroyed by the engine. */
  readonly device?: GPUDevice;
}

/**
 * Opens the engine on a GPU, or adopts `device`.
 *
 * Throws LatentError("unsupported") naming what is missing: the API, a secure context, or an adapter. A software adapter
 * is accepted, and `gpu.info.software` says so. An aborted `signal` rejects with its reason.
 */
export async function openGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  checkOptions("openGpu", options, ["device", "powerPreference", "signal", "defaultLimits"]);
  installMethods();
  const { device } = options;
  if (device) {
    check(
      typeof device.createBuffer === "function",
      "argument",
      "openGpu",
      () => `expected a GPUDevice; got ${typeof device}.`,
    );
    return new Gpu(new Device(device, null, false));
  }
  return openWith(globalThis.navigator?.gpu, options);
}

/** @internal The same on a given WebGPU implementation. */
export async function openWith(api: GPU | undefined, options: OpenOptions): Promise<Gpu> {
  installMethods();
  const { device, adapter } = await requestDevice(api, options);
  return new Gpu(new Device(device, adapter, true));
}
