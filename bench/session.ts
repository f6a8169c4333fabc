// A bench run: opens the peaks and the engines, goes through the cases, and reports. The same in a page and in Node.

import type { Markup } from "../src/app/report/markup.ts";
import { isSoftware } from "../src/device/info.ts";
import { cases, select } from "./cases/index.ts";
import { compare, type Candidate, type Say } from "./compare.ts";
import { reason, within } from "./harness.ts";
import { watchHidden } from "./hidden.ts";
import { openPeaks, type Peaks } from "./peaks.ts";
import { installProfiler } from "./profile.ts";
import { caseName, SCHEMA, type AdapterFacts, type Report } from "./report.ts";
import { roofline } from "./roofline.ts";
import { csv, entryTable, profileTable, table } from "./table.ts";
import type { Case, Open } from "./workload.ts";

/** How long each case is measured. */
export interface Pace {
  rounds: number;
  /** Seconds of measuring that each engine may use for a case. */
  boxSeconds: number;
  /** Seconds that a block should take: 0.3 on a software adapter, else 0.1. */
  blockSeconds?: number;
  /** Seconds that a first step, and a check, may take: three boxes. */
  patienceSeconds?: number;
  profile?: boolean;
  /** Whether calls and GPU time of a step are looked up as well; true if absent. */
  inspects?: boolean;
}

/** What a run is asked for. */
export interface Request extends Pace {
  /** Parts of "workload, size"; all cases if empty. */
  only: string[];
}

/** An engine's own bundle, `<name>.js` beside this one; an engine that could not be bundled comes with the error instead. */
export interface Bundle {
  name: string;
  error?: string;
}

/** An engine by name, which loads when its turn comes. */
export interface Source {
  name: string;
  load: () => Promise<{ open: Open }>;
}

/** Who hears of the run. */
export interface Listener {
  say: Say;
  /** The report so far, after each case: a run that breaks off keeps it. */
  keep?(report: Report): void;
  /** Parts done of all, never fewer than before, and the case: its first step, its check and its rounds are parts. */
  progress?(done: number, total: number, name: string): void;
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
/** Parts of a case beside its rounds: the first step and the check. */
const PARTS = 2;

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
export async function run({ only, ...pace }: Request, place: Place): Promise<Report> {
  return measure(select(cases(isSoftware(place.adapter.info)), only), pace, place);
}

/** Measures these cases; what goes wrong is in the report. */
export async function measure(chosen: readonly Case[], pace: Pace, place: Place): Promise<Report> {
  const { adapter, browser, say } = place;
  const { rounds, boxSeconds, patienceSeconds, inspects, profile = false } = pace;
  const about = facts(adapter);
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
  const unwatch = watchHidden(report.flags);
  let peaks: Peaks | undefined;
  try {
    peaks = await openPeaks(adapter, about.software);
  } catch (error) {
    report.flags.push(`no peaks: ${reason(error)}`);
  }
  const candidates = await openAll(place.engines, report.versions, say);
  const schedule = { rounds, boxSeconds, blockSeconds: pace.blockSeconds ?? (about.software ? 0.3 : 0.1) };
  const parts = PARTS + rounds;
  for (const [index, item] of chosen.entries()) {
    const name = caseName(item);
    let done = 0;
    const progress = (): void => place.progress?.(index * parts + done, chosen.length * parts, name);
    const partDone = (): void => {
      done = Math.min(done + 1, parts);
      progress();
    };
    progress();
    say(`${index + 1} of ${chosen.length}: ${name}`);
    try {
      const options = {
        schedule: { ...schedule, onRound: partDone },
        patienceSeconds,
        inspects,
        say,
        profile,
        partDone,
      };
      const entry = await compare(item, candidates, peaks?.all ?? [], options);
      report.entries.push(entry);
      say(`${entryTable(entry)}\n`);
    } catch (error) {
      report.flags.push(`${name}: ${reason(error)}`);
      say(`  ${reason(error)}`);
    }
    done = parts;
    progress();
    place.keep?.(report);
  }
  for (const candidate of candidates) if ("engine" in candidate) candidate.engine.dispose();
  peaks?.dispose();
  unwatch();
  return report;
}
