// A report as text: tables for the terminal, CSV, and two reports side by side.

import {
  caseName,
  changes,
  floor,
  geometricMean,
  type AdapterFacts,
  type Cell,
  type Entry,
  type Report,
} from "./report.ts";

export const digits = (value: number | undefined) =>
  value === undefined || Number.isNaN(value) ? "–" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

export const percent = (part: number | undefined) => (part === undefined ? "–" : `${(100 * part).toFixed(0)} %`);

function aligned(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((text, column) => (column < 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join("  "),
  );
}

export const adapterName = ({ vendor, architecture, device, description }: AdapterFacts): string =>
  [vendor, architecture, device, description].filter(Boolean).join(" / ");

function heading({ adapter, browser, date, versions, flags }: Report): string[] {
  const engines = Object.entries(versions).map(([engine, version]) => `${engine} ${version}`);
  return [
    `device   ${adapterName(adapter)}${adapter.software ? "   SOFTWARE ADAPTER (no GPU)" : ""}`,
    `in       ${browser}     ${date}     ${engines.join(", ")}`,
    ...flags.map((flag) => `note     ${flag}`),
  ];
}

/** One entry: a line per engine, then what went wrong. */
export function entryTable(entry: Entry): string {
  const { flops, bytes, peak, cells } = entry;
  const least = floor(entry);
  const costs = [
    ...(flops ? [`${digits(flops / 1e9)} GFLOP`] : []),
    `${digits(bytes / 1e6)} MB`,
    `peaks ${digits(peak.gflops)} GFLOP/s and ${digits(peak.gbps)} GB/s`,
    `floor ${digits(least)} ms`,
  ];
  const rows = [
    ["engine", "median ms", "p5", "p95", "±95 %", "on GPU", "rate", "of floor", "vs peer", "first s", "calls", "error"],
  ];
  for (const { engine, ms, gpuMs, cold, error, speedup, perStep } of cells) {
    const rate =
      ms && (flops ? `${digits(flops / ms.median / 1e6)} GFLOP/s` : `${digits(bytes / ms.median / 1e6)} GB/s`);
    rows.push([
      engine,
      digits(ms?.median),
      digits(ms?.p5),
      digits(ms?.p95),
      ms ? `${digits(ms.low)}–${digits(ms.high)}` : "–",
      digits(gpuMs),
      rate ?? "–",
      percent(ms && least && least / ms.median),
      speedup ? `${speedup.toFixed(2)}×` : "–",
      digits(cold && cold.prepareSeconds + cold.firstStepSeconds),
      perStep ? `${perStep.dispatches ?? 0}` : "–",
      error === undefined ? "–" : error.toExponential(1),
    ]);
  }
  const messages = cells.flatMap(({ engine, message }) => (message ? [`${engine}: ${message}`] : []));
  return [`${caseName(entry)}: ${costs.join(", ")}`, ...aligned(rows), ...messages].join("\n");
}

/** The end of a run: latentgpu against the fastest peer of each entry, and their mean. */
function summary(entries: readonly Entry[]): string[] {
  const rows = [["case", "latentgpu ms", "fastest peer", "ms", "times as fast", "of floor"]];
  for (const entry of entries) {
    const own = entry.cells.find(({ engine }) => engine === "latentgpu");
    const peers = entry.cells.filter(({ engine, ms }) => engine !== "latentgpu" && ms);
    const [peer] = peers.sort((a, b) => a.ms!.median - b.ms!.median);
    const least = floor(entry);
    rows.push([
      caseName(entry),
      digits(own?.ms?.median),
      peer?.engine ?? "none",
      digits(peer?.ms?.median),
      own?.speedup ? `${own.speedup.toFixed(2)}×` : "–",
      percent(own?.ms && least && least / own.ms.median),
    ]);
  }
  const { mean, count } = geometricMean(entries);
  return [
    ...aligned(rows),
    count > 0
      ? `geometric mean over ${count} cases: ${mean.toFixed(2)} times the fastest peer of each`
      : "no case with a peer",
  ];
}

/** The report as text: device, one line per case, or a block per case if `long`. */
export function table(report: Report, long = false): string {
  const blocks = long ? report.entries.flatMap((entry) => [entryTable(entry), ""]) : [];
  return [...heading(report), "", ...blocks, ...summary(report.entries)].join("\n");
}

/** The dispatches of one step that take at least a hundredth of it, slowest first, where they were kept. */
export function profileTable({ entries }: Report): string {
  const lines: string[] = [];
  for (const { workload, size, cells } of entries)
    for (const { engine, profile } of cells) {
      if (!profile) continue;
      const total = profile.reduce((sum, { ms }) => sum + ms, 0);
      lines.push("", `${workload}, ${size}, ${engine}: ${profile.length} dispatches, ${digits(total)} ms on the GPU`);
      const shown = profile
        .map((span, index) => ({ ...span, index }))
        .filter(({ ms }) => ms >= total / 100)
        .sort((a, b) => b.ms - a.ms);
      for (const { label, ms, index } of shown)
        lines.push(`${digits(ms).padStart(7)} ms ${percent(ms / total).padStart(5)}  #${index} ${label}`);
    }
  return lines.join("\n");
}

const quoted = (value: string | number | undefined) => {
  const text = value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line per cell, comma-separated (RFC 4180). */
export function csv({ schema, adapter, entries }: Report): string {
  const columns =
    "schema,device,workload,size,flops,bytes,engine,status,median_ms,p5_ms,p95_ms,low_ms,high_ms,gpu_ms,speedup,error,message";
  const line = (entry: Entry, cell: Cell) => {
    const { ms } = cell;
    const facts = [schema, adapterName(adapter), entry.workload, entry.size, entry.flops, entry.bytes];
    const times = [ms?.median, ms?.p5, ms?.p95, ms?.low, ms?.high, cell.gpuMs];
    return [...facts, cell.engine, cell.status, ...times, cell.speedup, cell.error, cell.message].map(quoted).join(",");
  };
  return [columns, ...entries.flatMap((entry) => entry.cells.map((cell) => line(entry, cell)))].join("\n");
}

/** Two reports: for each engine and case of both, how many times as fast the second is, and whether their intervals are apart. */
export function difference(before: Report, after: Report): string {
  const rows = [["case", "engine", "before ms", "after ms", "times as fast", "apart"]];
  for (const { name, engine, before: old, after: ms, ratio, apart } of changes(before, after))
    rows.push([name, engine, digits(old.median), digits(ms.median), `${ratio.toFixed(2)}×`, apart ? "yes" : "no"]);
  const devices = [before, after].map(({ adapter }) => adapterName(adapter));
  const notes = devices[0] === devices[1] ? [] : [`note     two devices: ${devices.join(", then ")}`];
  const none = rows.length === 1 ? ["no case and engine is in both"] : [];
  return [...notes, ...aligned(rows), ...none].join("\n");
}
