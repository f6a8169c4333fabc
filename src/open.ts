import { Device } from "./device/device.ts";
import { check, checkOptions } from "./device/errors.ts";
import { type OpenOptions, requestDevice } from "./device/open.ts";
import { checkCall } from "./formats/call.ts";
import { installMethods } from "./graph/methods.ts";
import { Gpu } from "./program/gpu.ts";
import { opened } from "./program/opened.ts";
import { checkBudget } from "./program/budget.ts";

/** What openGpu may be asked for. */
export interface OpenGpuOptions extends OpenOptions {
  /** A device of your own: used as it is, and never destroyed by the engine. */
  readonly device?: GPUDevice;
}

/**
 * Opens the engine on a GPU, or adopts `device`.
 *
 * Throws LatentError("unsupported") naming what is missing: the API, a secure context, or an adapter. A software adapter
 * is accepted, and `gpu.info.software` says so. An aborted `signal` rejects with its reason.
 *
 *     const gpu = await openGpu({ powerPreference: "high-performance" });
 *     console.log(await gpu.tensor([1, 2]).add(1).read());
 */
export async function openGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  const { device } = options;
  if (device === undefined) return openWith(globalThis.navigator?.gpu, options);
  checkOpen(options, ["device"]);
  check(
    typeof device?.createBuffer === "function",
    "argument",
    "openGpu",
    () => `expected device to be a GPUDevice; got ${typeof device}.`,
  );
  installMethods();
  return opened(new Gpu(new Device(device, null, false), options.budgetMs));
}

function checkOpen(options: OpenOptions, further: readonly string[] = []): void {
  const names = "adapter powerPreference requiredFeatures requiredLimits budgetMs signal defaultLimits".split(" ");
  checkOptions("openGpu", options, [...names, ...further]);
  checkCall("openGpu", options);
  const { budgetMs, adapter } = options;
  check(
    adapter === undefined || typeof adapter?.requestDevice === "function",
    "argument",
    "openGpu",
    () => `expected adapter to be a GPUAdapter; got ${typeof adapter}.`,
  );
  checkBudget("openGpu", budgetMs);
}

/** @internal The same on a given WebGPU implementation. */
export async function openWith(api: GPU | undefined, options: OpenOptions): Promise<Gpu> {
  checkOpen(options);
  installMethods();
  const { device, adapter } = await requestDevice(api, options);
  return opened(new Gpu(new Device(device, adapter, true), options.budgetMs));
}
