// A bench run: opens the peaks and the engines, goes through the cases, and reports. The same in a page and in Node.

import type { Markup } from "../src/app/report/markup.ts";
import { isSoftware } from "../src/device/info.ts";
import { cases, select } from "./cases/index.ts";
import { compare, type Candidate, type Say } from "./compare.ts";
import { reason, within } from "./harness.ts";
import { openPeaks, type Peaks } from "./peaks.ts";
import { installProfiler } from "./profile.ts";
import { SCHEMA, type AdapterFacts, type Report } from "./report.ts";
import { roofline } from "./roofline.ts";
import { csv, entryTable, profileTable, table } from "./table.ts";
import type { Open } from "./workload.ts";

/** What a run is asked for. */
export interface Request {
  /** Parts of "workload, size"; all cases if empty. */
  only: string[];
  rounds: number;
  /** Seconds of measuring that each engine may use for a case. */
  boxSeconds: number;
  profile?: boolean;
}

/** An engine's own bundle, `<name>.js` beside this one; an engine that could not be bundled comes with the error instead. */
export interface Bundle {
  name: string;
  error?: string;
}

interface Source {
  name: string;
  load: () => Promise<{ open: Open }>;
}

/** Who hears of the run. */
export interface Listener {
  say: Say;
  /** The report so far, after each case: a run that breaks off keeps it. */
  keep?(report: Report): void;
}

/** Where the engines come from, and where the run takes place. */
export interface Place extends Listener {
  adapter: GPUAdapter;
  browser: string;
  engines: Source[];
}

/** A report, and what is shown of it. */
export interface Result {
  report: Report;
  text: string;
  csv: string;
  roofline: Markup;
}

const LOAD_SECONDS = 60;

/** Loads an engine when its turn comes. */
export const bundled = ({ name, error }: Bundle): Source => ({
  name,
  load: () =>
    error
      ? Promise.reject(new Error(error))
      : (import(new URL(`./${name}.js`, import.meta.url).href) as Promise<{ open: Open }>),
});

export const present = (report: Report): Result => ({
  report,
  text: table(report) + profileTable(report),
  csv: csv(report),
  roofline: roofline(report),
});

export function facts({ info }: Pick<GPUAdapter, "info">): AdapterFacts {
  const { vendor, architecture, device, description } = info;
  return { vendor, architecture, device, description, software: isSoftware(info) };
}

/** Notes in `flags` when the tab gets hidden: then it is throttled. */
function watch(flags: string[]): () => void {
  if (typeof document === "undefined") return () => {};
  const hidden = "the tab was hidden during the run: throttled, do not compare";
  const look = () => document.hidden && !flags.includes(hidden) && flags.push(hidden);
  look();
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
}

async function openAll(engines: Place["engines"], versions: Report["versions"], say: Say): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const { name, load } of engines)
    try {
      const { open } = await within(load(), LOAD_SECONDS, `${name}: loading`);
      const engine = await within(open(), LOAD_SECONDS, `${name}: opening`);
      versions[name] = engine.version;
      found.push({ name, engine });
    } catch (error) {
      say(`${name}: ${reason(error)}`);
      found.push({ name, error: reason(error) });
    }
  return found;
}

/** Throws an Error where no case is asked for; all else that goes wrong is in the report. */
export async function run({ only, rounds, boxSeconds, profile = false }: Request, place: Place): Promise<Report> {
  const { adapter, browser, say } = place;
  const about = facts(adapter);
  const chosen = select(cases(about.software), only);
  installProfiler();
  const report: Report = {
    schema: SCHEMA,
    bench: "latentgpu",
    date: new Date().toISOString().slice(0, 10),
    browser,
    adapter: about,
    versions: {},
    flags: [],
    entries: [],
  };
  const unwatch = watch(report.flags);
  let peaks: Peaks | undefined;
  try {
    peaks = await openPeaks(adapter, about.software);
  } catch (error) {
    report.flags.push(`no peaks: ${reason(error)}`);
  }
  const candidates = await openAll(place.engines, report.versions, say);
  const schedule = { rounds, boxSeconds, blockSeconds: about.software ? 0.3 : 0.1 };
  for (const [index, item] of chosen.entries()) {
    say(`${index + 1} of ${chosen.length}: ${item.workload}, ${item.size}`);
    try {
      const entry = await compare(item, candidates, peaks?.all ?? [], { schedule, say, profile });
      report.entries.push(entry);
      say(`${entryTable(entry)}\n`);
    } catch (error) {
      report.flags.push(`${item.workload}, ${item.size}: ${reason(error)}`);
      say(`  ${reason(error)}`);
    }
    place.keep?.(report);
  }
  for (const candidate of candidates) if ("engine" in candidate) candidate.engine.dispose();
  peaks?.dispose();
  unwatch();
  return report;
}
