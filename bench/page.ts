// The bench in a browser's page, for run.mjs and for the tab Measure.

import { requestAdapter } from "./adapter.ts";
import { bundled, type Bundle, present, type Result, run, type Listener, type Request } from "./session.ts";

export interface PageRequest extends Request {
  engines: Bundle[];
  browser: string;
}

/** Runs the bench on the browser's adapter. Throws an Error where it gives none. */
export async function bench({ engines, browser, ...request }: PageRequest, listener: Listener): Promise<Result> {
  const adapter = await requestAdapter();
  return present(await run(request, { adapter, browser, engines: engines.map(bundled), ...listener }));
}

// run.mjs drives the page from outside
Object.assign(globalThis, { bench });
