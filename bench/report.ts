// What a bench run found: the file that is kept, and what follows from its numbers.

import { quantile, type Statistics } from "./harness.ts";
import type { Span } from "./profile.ts";

/** Raised when a field changes its meaning, so that two files are compared only where they can be. */
export const SCHEMA = 2;

export interface AdapterFacts {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** A CPU that plays GPU: its numbers say nothing about graphics cards. */
  software: boolean;
}

/** One engine at one case. Only status "ok" has been timed in full; "stopped" has the rounds before `message`. */
export interface Cell {
  engine: string;
  status: "ok" | "wrong" | "failed" | "stopped";
  message?: string;
  /** Largest error of the outputs, in the measure of the entry's `limit`. */
  error?: number;
  /** First use in this page: upload and compilation, then the first step until the GPU is done. */
  cold?: { prepareSeconds: number; firstStepSeconds: number };
  stepsPerBlock?: number;
  /** Wall clock in milliseconds per step, over blocks. */
  ms?: Statistics;
  samples?: number[];
  /** GPU time of one step by timestamps, the least over some runs; absent where the device has none. */
  gpuMs?: number;
  /** Median of the fastest peer divided by this median: above 1 is faster than every peer. */
  speedup?: number;
  /** WebGPU calls of one warm step: dispatches, submits, and what is created that could be kept. */
  perStep?: Record<string, number>;
  /** GPU time of each dispatch of one step, in order; only when asked for. */
  profile?: Span[];
}

/** One case in all engines that can do it. */
export interface Entry {
  workload: string;
  size: string;
  flops: number;
  bytes: number;
  limit: number;
  /** 10⁹ operations and bytes per second of the peak kernels in the same rounds, at their fastest. */
  peak: { gflops?: number | undefined; gbps?: number | undefined };
  cells: Cell[];
}

export interface Report {
  schema: typeof SCHEMA;
  bench: "latentgpu";
  date: string;
  /** Chrome and its version, or Node's. */
  browser: string;
  adapter: AdapterFacts;
  versions: { [engine: string]: string };
  /** Conditions that make the numbers doubtful, in words. */
  flags: string[];
  entries: Entry[];
}

const OWN = "latentgpu";

/** What a case is called: "matmul, 512×512 · 512×512". */
export const caseName = ({ workload, size }: Pick<Entry, "workload" | "size">): string => `${workload}, ${size}`;

/** Fills in each cell's speedup over the fastest of the others that are peers; latentgpu is nobody's peer. */
export function rank(cells: Cell[], own = OWN): void {
  for (const cell of cells) {
    const peers = cells.filter((other) => other !== cell && other.engine !== own && other.ms);
    const medians = peers.map((peer) => peer.ms!.median).sort((a, b) => a - b);
    if (cell.ms && peers.length > 0) cell.speedup = quantile(medians, 0) / cell.ms.median;
  }
}

/** Milliseconds below which the entry cannot go at the peaks of its rounds: the larger of arithmetic and memory. */
export function floor({ flops, bytes, peak }: Pick<Entry, "flops" | "bytes" | "peak">): number | undefined {
  const parts = [...(peak.gflops ? [flops / peak.gflops / 1e6] : []), ...(peak.gbps ? [bytes / peak.gbps / 1e6] : [])];
  return parts.length > 0 ? Math.max(...parts) : undefined;
}

/** Geometric mean of latentgpu's speedups over the fastest peer of each entry, and over how many. */
export function geometricMean(entries: readonly Entry[]): { mean: number; count: number } {
  const speedups = entries.flatMap(({ cells }) =>
    cells.flatMap(({ engine, speedup }) => (engine === OWN && speedup ? [speedup] : [])),
  );
  const logs = speedups.reduce((sum, value) => sum + Math.log(value), 0);
  return { mean: Math.exp(logs / speedups.length), count: speedups.length };
}

/** One engine at one case in two reports. `ratio` is how many times as fast the second is; `apart` says that their intervals are. */
export interface Change {
  name: string;
  engine: string;
  before: Statistics;
  after: Statistics;
  ratio: number;
  apart: boolean;
}

/** What both reports have timed, in the order of the second. */
export function changes(before: Report, after: Report): Change[] {
  const key = (entry: Entry, { engine }: Cell): string => `${caseName(entry)} ${engine}`;
  const known = new Map(before.entries.flatMap((entry) => entry.cells.map((cell) => [key(entry, cell), cell.ms])));
  return after.entries.flatMap((entry) =>
    entry.cells.flatMap((cell) => {
      const [old, ms] = [known.get(key(entry, cell)), cell.ms];
      if (!old || !ms) return [];
      const apart = old.low > ms.high || ms.low > old.high;
      const ratio = old.median / ms.median;
      return [{ name: caseName(entry), engine: cell.engine, before: old, after: ms, ratio, apart }];
    }),
  );
}

/** Name of a device's report: its own words in lower case. */
export function fileName({ vendor, architecture, device, description }: AdapterFacts, inNode = false): string {
  const words = [vendor, architecture, device || description].filter(Boolean).join(" ").toLowerCase();
  const name = words
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60);
  return `${name || "unknown"}${inNode ? "-node" : ""}.json`;
}

/** The report in a file's text. Throws an Error that says what is wrong with it. */
export function parseReport(text: string, file: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file} is no JSON.`);
  }
  if (!isObject(value) || value.bench !== "latentgpu")
    throw new Error(`${file} is no report of this bench. Expected "bench": "latentgpu".`);
  if (value.schema !== SCHEMA)
    throw new Error(`${file} has schema ${String(value.schema)}. Expected ${SCHEMA}: measure again.`);
  const { entries, adapter, versions, flags } = value;
  if (!isObject(adapter) || !isObject(versions) || !Array.isArray(flags) || !areAll(entries, isEntry))
    throw new Error(
      `${file} is damaged. Expected "adapter", "versions", "flags", and "entries" with workload, size and cells each.`,
    );
  return value as unknown as Report;
}

type Fields = { readonly [name: string]: unknown };
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const areAll = (list: unknown, is: (one: unknown) => boolean): boolean => Array.isArray(list) && list.every(is);
const isEntry = (entry: unknown): boolean =>
  isObject(entry) &&
  typeof entry.workload === "string" &&
  typeof entry.size === "string" &&
  isObject(entry.peak) &&
  areAll(entry.cells, isCell);
const isCell = (cell: unknown): boolean =>
  isObject(cell) &&
  typeof cell.engine === "string" &&
  typeof cell.status === "string" &&
  (cell.ms === undefined || (isObject(cell.ms) && [cell.ms.median, cell.ms.low, cell.ms.high].every(Number.isFinite)));
