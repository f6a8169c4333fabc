// The roofline: what latentgpu reached at each arithmetic intensity, and what the device's measured peaks allow there.
// Source: Williams, Waterman & Patterson 2009.

import { chart } from "../src/app/report/chart.ts";
import type { Markup } from "../src/app/report/markup.ts";
import { caseName, type Entry, type Report } from "./report.ts";

type Point = [intensity: number, gflops: number];

const best = (entries: readonly Entry[], of: "gflops" | "gbps") =>
  entries.reduce((most, { peak }) => Math.max(most, peak[of] ?? 0), 0);

const reached = ({ flops, bytes, cells }: Entry): Point[] => {
  const ms = cells.find(({ engine }) => engine === "latentgpu")?.ms?.median;
  return ms && flops ? [[flops / bytes, flops / ms / 1e6]] : [];
};

/** Most cases that get a colour and a line of the legend each: there are four colours. */
const NAMED = 4;

/** A chart of the entries that count operations, with logarithmic axes; without a peak it is the points alone. */
export function roofline({ entries, adapter }: Report): Markup {
  const points = entries.flatMap(reached);
  const counted = entries.filter((entry) => reached(entry).length > 0);
  const named = counted.map((entry) => ({ name: caseName(entry), role: "points" as const, points: reached(entry) }));
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
        ...(named.length <= NAMED ? named : [{ name: "latentgpu", role: "points" as const, points }]),
      ],
    },
    { logX: true, logY: true, size: [520, 300], include: points.map(([, rate]) => rate / 1.3) },
  );
}
