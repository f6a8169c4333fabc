// The bench in Node, on Dawn: the same run as in a page, without a browser between.

import { openNodeGpu } from "../src/node.ts";
import { bundled, type Bundle, present, type Result, run, type Listener, type Request } from "./session.ts";

export interface NodeRequest extends Request {
  engines: Bundle[];
}

/** Runs the bench on Dawn's adapter: a real GPU first, else a software adapter. Throws an Error where there is none. */
export async function bench({ engines, ...request }: NodeRequest, listener: Listener): Promise<Result> {
  // puts WebGPU's classes into the global scope; engines find the API where browsers have it
  const gpu = await openNodeGpu();
  gpu.dispose();
  const { create } = await import("webgpu");
  const api = create(["enable-dawn-features=allow_unsafe_apis", "disable-dawn-features=timestamp_quantization"]);
  const { navigator = {} } = globalThis as { navigator?: object };
  Object.defineProperty(navigator, "gpu", { value: api, configurable: true });
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  const adapter = await api.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("bench: Dawn gives no adapter. Install a Vulkan driver.");
  const browser = `Node ${process.versions.node} (Dawn)`;
  return present(await run(request, { adapter, browser, engines: engines.map(bundled), ...listener }));
}
