// The bench in a browser's page, for run.mjs and for the Bench tab.

import { bundled, type Bundle, present, type Result, run, type Listener, type Request } from "./session.ts";

export interface PageRequest extends Request {
  engines: Bundle[];
  browser: string;
}

/** Runs the bench on the browser's adapter. Throws an Error where it gives none. */
export async function bench({ engines, browser, ...request }: PageRequest, listener: Listener): Promise<Result> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("bench: this browser gives no WebGPU adapter. Start it with --enable-unsafe-webgpu.");
  return present(await run(request, { adapter, browser, engines: engines.map(bundled), ...listener }));
}

// run.mjs drives the page from outside
Object.assign(globalThis, { bench });
