// The roofline: what latentgpu reached at each arithmetic intensity, and what the device's measured peaks allow there.
// Source: Williams, Waterman & Patterson 2009.

import { chart } from "../src/app/report/chart.ts";
import type { Markup } from "../src/app/report/markup.ts";
import type { Entry, Report } from "./report.ts";

type Point = [intensity: number, gflops: number];

const best = (entries: readonly Entry[], of: "gflops" | "gbps") =>
  entries.reduce((most, { peak }) => Math.max(most, peak[of] ?? 0), 0);

const reached = ({ flops, bytes, cells }: Entry): Point[] => {
  const ms = cells.find(({ engine }) => engine === "latentgpu")?.ms?.median;
  return ms && flops ? [[flops / bytes, flops / ms / 1e6]] : [];
};

/** A chart of the entries that count operations, with logarithmic axes; without a peak it is the points alone. */
export function roofline({ entries, adapter }: Report): Markup {
  const points = entries.flatMap(reached);
  const [gflops, gbps] = [best(entries, "gflops"), best(entries, "gbps")];
  const ridge = gflops / gbps;
  const intensities = [...points.map(([intensity]) => intensity), ridge].filter(Number.isFinite);
  const ends = [Math.min(...intensities) / 2, ridge, Math.max(...intensities) * 2];
  const roof = ends.map((intensity): Point => [intensity, Math.min(gflops, intensity * gbps)]);
  const name = [adapter.vendor, adapter.architecture].filter(Boolean).join(" ");
  return chart(
    {
      title: `Roofline of ${name || "this device"}${adapter.software ? " (software adapter)" : ""}`,
      x: "operations per byte that has to move",
      y: "10⁹ operations per second",
      series: [
        { name: "measured peaks", role: "train", points: gflops && gbps ? roof : [] },
        { name: "latentgpu", role: "points", points },
      ],
    },
    { logX: true, logY: true },
  );
}
