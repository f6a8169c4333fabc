// What a quick measurement comes to, in one sentence.

import { caseName, type Cell, type Entry, type Report } from "../report.ts";
import { adapterName, digits, percent } from "../table.ts";

const own = ({ cells }: Entry): Cell | undefined => cells.find(({ engine }) => engine === "latentgpu");
const msOf = (entry: Entry): number | undefined => own(entry)?.ms?.median;

/** Of the entries of a workload that were timed, the one with the highest rate, in 10⁹ a second. */
function fastest(entries: readonly Entry[], workload: string, of: "flops" | "bytes") {
  return entries
    .filter((entry) => entry.workload === workload)
    .flatMap((entry) => {
      const ms = msOf(entry);
      return ms ? [{ rate: entry[of] / ms / 1e6, peak: of === "flops" ? entry.peak.gflops : entry.peak.gbps }] : [];
    })
    .sort((a, b) => b.rate - a.rate)[0];
}

const ofPeak = (rate: number, peak: number | undefined, words: (part: string, peak: string) => string): string =>
  peak ? `, ${words(percent(rate / peak), digits(peak))}` : "";

/** "…: 3.8 GFLOP/s of products, 14 % of what this adapter's multiply-adds reach (27 GFLOP/s); …", and what was wrong. */
export function verdict({ adapter, entries }: Report): string {
  const name = adapterName(adapter) || "This adapter";
  const who = adapter.software ? `${name} (a software adapter: the CPU plays the GPU)` : name;
  const product = fastest(entries, "matmul", "flops");
  const sum = fastest(entries, "sum", "bytes");
  const step = entries.find(({ workload }) => workload === "vae step");
  const ms = step && msOf(step);
  const parts = [
    ...(product
      ? [
          `${digits(product.rate)} GFLOP/s of products${ofPeak(product.rate, product.peak, (part, peak) => `${part} of what this adapter's multiply-adds reach (${peak} GFLOP/s)`)}`,
        ]
      : []),
    ...(sum
      ? [
          `a sum reads ${digits(sum.rate)} GB/s${ofPeak(sum.rate, sum.peak, (part, peak) => `${part} of what a copy moves (${peak} GB/s)`)}`,
        ]
      : []),
    ...(ms ? [`one training step of a VAE takes ${digits(ms)} ms`] : []),
  ];
  const told = parts.length > 0 ? parts.join("; ") : "nothing was timed";
  const wrong = entries.flatMap((entry) => {
    const message = own(entry)?.message;
    return message && !own(entry)?.ms ? [` ${caseName(entry)}: ${message}`] : [];
  });
  return `${who}: ${told}.${wrong.join("")}`;
}
