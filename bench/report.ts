// What a bench run found, and its table.

import { quantile, type Statistics } from "./harness.ts";
import type { Span } from "./profile.ts";

/** Raised when a field changes its meaning, so that two files are compared only where they can be. */
export const SCHEMA = 1;

export interface AdapterFacts {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** A CPU that plays GPU: its numbers say nothing about graphics cards. */
  software: boolean;
}

/** Losses of the first steps with a fixed noise against float64; `worst` is the largest relative error. */
export interface Gate {
  losses: number[];
  expected: number[];
  worst: number;
  limit: number;
}

/** One engine at one workload. Only status "ok" has `ms`; "stopped" has those of the rounds before `message`. */
export interface Cell {
  engine: string;
  version: string;
  status: "ok" | "wrong" | "failed" | "stopped";
  message?: string;
  /** First use in this page: device, compilation and upload, then the first step until the GPU is done. */
  cold?: { prepareSeconds: number; firstStepSeconds: number };
  gate?: Gate;
  stepsPerBlock?: number;
  /** Milliseconds per step, over blocks. */
  ms?: Statistics;
  samples?: number[];
  /** Median of the fastest other engine that is a peer, divided by this median: above 1 is faster than every peer. */
  speedup?: number;
  /** WebGPU calls of one step once all is warm: dispatches, submits, and what is created that could be kept. */
  perStep?: Record<string, number>;
  /** GPU time of each dispatch of one step, in order; only when asked for. */
  profile?: Span[];
}

export interface Workload {
  name: string;
  batch: number;
  /** Floating-point operations of the matrix products of one step. */
  flops: number;
  cells: Cell[];
}

export interface Report {
  schema: typeof SCHEMA;
  bench: "latentgpu";
  date: string;
  seed: number;
  browser: string;
  adapter: AdapterFacts;
  /** Fused multiply-adds per second that a kernel of nothing else reached in the same rounds, times two, in 10⁹. */
  peak?: { gflops: number; ms: Statistics };
  /** Conditions that make the numbers doubtful, in words. */
  flags: string[];
  workloads: Workload[];
}

/** Fills in each cell's speedup over the fastest of the others that are peers; `own` is not a peer of anybody. */
export function compare(cells: Cell[], own = "latentgpu"): void {
  for (const cell of cells) {
    const peers = cells.filter((other) => other !== cell && other.engine !== own && other.ms);
    const fastest = quantile(
      peers.map((peer) => peer.ms!.median).sort((a, b) => a - b),
      0,
    );
    if (cell.ms && peers.length > 0) cell.speedup = fastest / cell.ms.median;
  }
}

const digits = (value: number | undefined) =>
  value === undefined || Number.isNaN(value) ? "–" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

function aligned(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((text, column) => (column < 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join("  "),
  );
}

/** The report as text: device, peak, then a line per engine and workload. */
export function table(report: Report): string {
  const { adapter, peak } = report;
  const name = [adapter.vendor, adapter.architecture, adapter.device, adapter.description].filter(Boolean).join(" / ");
  const lines = [
    `device   ${name}${adapter.software ? "   SOFTWARE ADAPTER (no GPU)" : ""}`,
    `browser  ${report.browser}     seed ${report.seed}     ${report.date}`,
    `peak     ${digits(peak?.gflops)} GFLOP/s of fused multiply-adds, measured in the same rounds`,
    ...report.flags.map((flag) => `note     ${flag}`),
  ];
  for (const { name, batch, flops, cells } of report.workloads) {
    const floor = peak && flops / peak.gflops / 1e6;
    lines.push("", `${name}, batch ${batch}: ${(flops / 1e9).toFixed(3)} GFLOP, ${digits(floor)} ms at the peak`);
    const rows = [
      ["engine", "median ms", "min", "p95", "blocks×steps", "vs peer", "of peak", "cold s", "first s", "error"],
    ];
    for (const { engine, version, ms, cold, gate, speedup, stepsPerBlock } of cells)
      rows.push([
        `${engine} ${version}`,
        digits(ms?.median),
        digits(ms?.min),
        digits(ms?.p95),
        ms ? `${ms.count}×${stepsPerBlock}` : "–",
        speedup ? `${speedup.toFixed(2)}×` : "–",
        ms && floor ? `${((100 * floor) / ms.median).toFixed(0)} %` : "–",
        digits(cold?.prepareSeconds),
        digits(cold?.firstStepSeconds),
        gate ? gate.worst.toExponential(1) : "–",
      ]);
    lines.push(...aligned(rows));
    for (const { engine, perStep = {} } of cells) {
      const counts = Object.entries(perStep).map(([what, count]) => `${count} ${what}`);
      if (counts.length > 0) lines.push(`${engine}, one step: ${counts.join(", ")}`);
    }
    for (const { engine, message } of cells) if (message) lines.push(`${engine}: ${message}`);
  }
  return lines.join("\n");
}

/** The dispatches of one step that take at least a hundredth of it, slowest first, for each engine that was profiled. */
export function profileTable({ workloads }: Report): string {
  const lines: string[] = [];
  for (const { engine, profile } of workloads.flatMap(({ cells }) => cells)) {
    if (!profile) continue;
    const total = profile.reduce((sum, { ms }) => sum + ms, 0);
    lines.push(
      "",
      `${engine}: ${profile.length} dispatches, ${digits(total)} ms on the GPU (the least of each over the runs)`,
    );
    const shown = profile
      .map((span, index) => ({ ...span, index }))
      .filter(({ ms }) => ms >= total / 100)
      .sort((a, b) => b.ms - a.ms);
    for (const { label, ms, index } of shown)
      lines.push(`${digits(ms).padStart(7)} ms ${((100 * ms) / total).toFixed(0).padStart(3)} %  #${index} ${label}`);
  }
  return lines.join("\n");
}
