// The bench in Node, on Dawn: the same run as in a page, without a browser between.

import { openNodeGpu } from "../src/node.ts";
import type { AdapterFacts, Report } from "./report.ts";
import { roofline } from "./roofline.ts";
import { run, type Request } from "./session.ts";
import { csv, profileTable, table } from "./table.ts";
import type { Open } from "./workload.ts";

export interface NodeRequest extends Request {
  engines: { name: string; error?: string }[];
}

interface Listener {
  say(text: string): void;
  keep(report: Report): void;
}

/** Name of a device's report: its own words in lower case. */
export function fileName({ vendor, architecture, device, description }: AdapterFacts): string {
  const words = [vendor, architecture, device || description].filter(Boolean).join(" ").toLowerCase();
  const name = words
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60);
  return `${name || "unknown"}-node.json`;
}

/** Runs the bench on Dawn's adapter: a real GPU first, else a software adapter. Throws an Error where there is none. */
export async function bench({ engines, ...request }: NodeRequest, { say, keep }: Listener) {
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
  const load = (name: string, error?: string) => (): Promise<{ open: Open }> =>
    error
      ? Promise.reject(new Error(error))
      : (import(new URL(`./${name}.js`, import.meta.url).href) as Promise<{ open: Open }>);
  const report = await run(request, {
    adapter,
    browser: `Node ${process.versions.node} (Dawn)`,
    engines: engines.map(({ name, error }) => ({ name, load: load(name, error) })),
    say,
    keep,
  });
  return { report, text: table(report) + profileTable(report), csv: csv(report), roofline: roofline(report) };
}
