// Which kernels lost something against the figures that are registered.

import type { Figures, Kernels } from "./figures.ts";

/** Figures that may not grow, and by how much at most; `bound` and `waves` may not fall. */
const GROWTH: { readonly [figure in keyof Figures]?: number } = {
  spills: 0,
  loopSpills: 0,
  waits: 0,
  waitsAround: 0,
  sharedTime: 0.02,
};
const LOSS: { readonly [figure in keyof Figures]?: number } = { bound: 0.02, waves: 0 };

function worse(before: Figures, now: Figures): string[] {
  const grown = Object.entries(GROWTH) as [keyof Figures, number][];
  const lost = Object.entries(LOSS) as [keyof Figures, number][];
  return [
    ...grown.filter(([figure, most]) => now[figure] > before[figure] + most),
    ...lost.filter(([figure, most]) => now[figure] < before[figure] - most),
  ].map(([figure]) => `${figure} ${before[figure]} → ${now[figure]}`);
}

/** How the names of kernels begin that only the tuner tries: "variant quadSwap of matmul". */
export const VARIANT = "variant ";

/** Whether a job is wanted: no part of a name was given, or one of its own. */
export const isWanted = (job: string, parts: readonly string[]): boolean =>
  parts.length === 0 || parts.some((part) => job.includes(part));

/**
 * What a reader has to look at, a line each: kernels in use by default that spill and did not before, registered figures that got
 * worse, and registered kernels of the wanted jobs that were not compiled. Variants that only the tuner tries may spill.
 */
export function faults(registered: Kernels, now: Kernels, parts: readonly string[] = []): string[] {
  const found = Object.entries(now).flatMap(([kernel, figures]) => {
    const before = registered[kernel];
    if (before) return worse(before, figures).map((what) => `${kernel}: ${what}`);
    return figures.spills > 0 && !kernel.startsWith(VARIANT) ? [`${kernel}: new, and spills ${figures.spills}`] : [];
  });
  const gone = Object.keys(registered).filter((kernel) => !now[kernel] && isWanted(kernel.split(": ")[0]!, parts));
  return [...found, ...gone.map((kernel) => `${kernel}: is registered, and was not compiled`)];
}

const percent = (share: number): string => (share ? `${Math.round(100 * share)} %` : "–");

/** A line for each kernel. */
export function table(kernels: Kernels): string {
  const rows = Object.entries(kernels).map(([kernel, f]) => [
    kernel.length > 78 ? `${kernel.slice(0, 77)}…` : kernel,
    String(f.registers || "–"),
    String(f.spills),
    String(f.waves || "–"),
    String(f.shared),
    f.multiplyAdds ? `${f.multiplyAdds}/${f.instructions}` : "–",
    percent(f.bound),
    percent(f.sharedTime),
    `${f.waits}+${f.waitsAround}`,
    String(f.loopSpills),
  ]);
  const head = [
    "kernel",
    "registers",
    "spills",
    "waves",
    "shared",
    "fma",
    "bound",
    "shared time",
    "waits",
    "loop spills",
  ];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  "))
    .join("\n");
}
