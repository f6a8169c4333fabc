// The bench inside the browser: finds the adapter, runs the workloads, and returns the report to run.mjs.

import { reason, statistics } from "./harness.ts";
import { openPeak, type Peak } from "./peak.ts";
import { installProfiler } from "./profile.ts";
import { profileTable, SCHEMA, table, type AdapterFacts, type Report } from "./report.ts";
import { compareVae, type Candidate } from "./vae/compare.ts";
import type { Prepare } from "./vae/problem.ts";

/** What run.mjs asks for; an engine whose code could not be bundled comes with the error instead. */
interface Request {
  engines: { engine: string; error?: string }[];
  batch: number;
  seed: number;
  rounds: number;
  boxSeconds: number;
  profile?: boolean;
  browser: string;
}

function facts({ info }: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description } = info;
  const software =
    info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${description}`);
  return { vendor, architecture, device, description, software };
}

function candidate({ engine, error }: Request["engines"][number]): Candidate {
  const url = `./${engine}.js`;
  return {
    engine,
    load: () => (error ? Promise.reject(new Error(error)) : (import(url) as Promise<{ prepare: Prepare }>)),
  };
}

async function run(request: Request, say: (text: string) => void): Promise<Report> {
  const { engines, batch, seed, rounds, boxSeconds, profile = false } = request;
  if (profile) installProfiler();
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("bench: this browser gives no WebGPU adapter. Start it with --enable-unsafe-webgpu.");
  const about = facts(adapter);
  const flags: string[] = [];
  const watch = () => document.hidden && !flags.includes("hidden") && flags.push("hidden");
  watch();
  document.addEventListener("visibilitychange", watch);
  let peak: Peak | undefined;
  try {
    peak = await openPeak(adapter, about.software);
  } catch (error) {
    flags.push(`no peak: ${reason(error)}`);
  }
  const onRound = (round: number, of: number) => say(`round ${round} of ${of}`);
  const schedule = { rounds, boxSeconds, blockSeconds: about.software ? 0.5 : 0.2, onRound };
  const { workload, others } = await compareVae(engines.map(candidate), peak ? [peak] : [], {
    batch,
    seed,
    profile,
    schedule,
    say,
  });
  const report: Report = {
    schema: SCHEMA,
    bench: "latentgpu",
    date: new Date().toISOString().slice(0, 10),
    seed,
    browser: request.browser,
    adapter: about,
    flags: flags.map((flag) =>
      flag === "hidden" ? "the tab was hidden during the run: throttled, do not compare" : flag,
    ),
    workloads: [workload],
  };
  const samples = others[0]?.samples ?? [];
  if (peak && samples.length > 0) {
    const ms = statistics(samples);
    report.peak = { gflops: peak.flops / ms.min / 1e6, ms };
  } else if (others[0]?.error) report.flags.push(`no peak: ${others[0].error}`);
  peak?.dispose();
  return report;
}

/** Called by run.mjs through the browser's remote control. */
Object.assign(globalThis, {
  async bench(request: Request): Promise<{ report: Report; text: string }> {
    const { say } = globalThis as unknown as { say(text: string): Promise<void> };
    const report = await run(request, (text) => void say(text));
    return { report, text: table(report) + profileTable(report) };
  },
});
