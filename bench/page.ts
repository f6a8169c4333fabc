// The bench in a browser's page, for run.mjs and for the Bench tab.

import type { Markup } from "../src/app/report/markup.ts";
import type { Report } from "./report.ts";
import { roofline } from "./roofline.ts";
import { run, type Request } from "./session.ts";
import { csv, profileTable, table } from "./table.ts";
import type { Open } from "./workload.ts";

/** An engine whose code could not be bundled comes with the error instead. */
export interface PageRequest extends Request {
  engines: { name: string; error?: string }[];
  browser: string;
}

export interface PageResult {
  report: Report;
  text: string;
  csv: string;
  roofline: Markup;
}

interface Listener {
  say(text: string): void;
  keep?(report: Report): void;
}

/** Runs the bench on the browser's adapter. Throws an Error where it gives none. */
export async function bench(
  { engines, browser, ...request }: PageRequest,
  { say, keep }: Listener,
): Promise<PageResult> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("bench: this browser gives no WebGPU adapter. Start it with --enable-unsafe-webgpu.");
  const load = (name: string, error?: string) => (): Promise<{ open: Open }> =>
    error
      ? Promise.reject(new Error(error))
      : (import(new URL(`./${name}.js`, import.meta.url).href) as Promise<{ open: Open }>);
  const report = await run(request, {
    adapter,
    browser,
    engines: engines.map(({ name, error }) => ({ name, load: load(name, error) })),
    say,
    ...(keep ? { keep } : {}),
  });
  return { report, text: table(report) + profileTable(report), csv: csv(report), roofline: roofline(report) };
}

// run.mjs drives the page from outside
Object.assign(globalThis, { bench });
