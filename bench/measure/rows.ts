// Reports as rows of dots: a row for each case, a dot for each engine on each device.

import { scrolled } from "../../src/app/report/scrolled.ts";
import type { Dot, DotRow, DotSeries, Shape } from "../../src/app/report/dotChart.ts";
import { h, type Markup } from "../../src/app/report/markup.ts";
import { caseName, type Cell, type Entry, type Report } from "../report.ts";
import { adapterName, digits } from "../table.ts";

/** Milliseconds of a step, or 10⁹ operations a second where a case counts operations. */
export type Unit = "ms" | "gflops";

/** A report, and whether it was measured here and now. */
export interface Shown {
  readonly report: Report;
  readonly isOwn: boolean;
}

const SHAPES: readonly Shape[] = ["circle", "square", "triangle"];
const ENGINES: { readonly [name: string]: readonly [words: string, tone: string] } = {
  latentgpu: ["latentgpu", "c0"],
  "jax-js": ["jax-js", "c1"],
  tfjs: ["TensorFlow.js", "c2"],
  ort: ["ONNX Runtime Web", "c3"],
};

/** What an engine is called, and its colour. */
export const engineOf = (name: string): readonly [words: string, tone: string] => ENGINES[name] ?? [name, "c3"];

/** The device of a report in words, a software adapter called one. */
export const deviceOf = ({ adapter }: Report): string =>
  `${adapterName(adapter) || "a device that the browser does not name"}${adapter.software ? ", a software adapter" : ""}`;

/** One series for each engine of a report: its colour is the engine's, its shape the device's; latentgpu here and now has a colour of its own. */
function seriesOfReports(shown: readonly Shown[]): (at: number, engine: string) => DotSeries {
  const devices = shown.filter(({ isOwn }) => !isOwn);
  const made = new Map<string, DotSeries>();
  return (at, engine) => {
    const { isOwn, report } = shown[at]!;
    const key = `${isOwn ? "own" : at} ${engine}`;
    const [words, tone] = engineOf(engine);
    const place = isOwn ? "your device" : devices.length > 1 ? adapterName(report.adapter) : "";
    const series = made.get(key) ?? {
      name: [words, place].filter(Boolean).join(", "),
      tone: isOwn && engine === "latentgpu" ? "own" : tone,
      shape: isOwn ? "diamond" : SHAPES[devices.indexOf(shown[at]!) % SHAPES.length]!,
    };
    made.set(key, series);
    return series;
  };
}

/** A cell's number in this unit with its limits, or none. */
export function numberOf({ flops }: Entry, { ms }: Cell, unit: Unit): Pick<Dot, "value" | "low" | "high"> | undefined {
  if (!ms) return undefined;
  if (unit === "ms") return { value: ms.median, low: ms.low, high: ms.high };
  const rate = (milliseconds: number): number => flops / milliseconds / 1e6;
  return flops > 0 ? { value: rate(ms.median), low: rate(ms.high), high: rate(ms.low) } : undefined;
}

const UNITS = { ms: "ms", gflops: "GFLOP/s" };

/** Every case of the reports that `has` wants and that has a number in this unit, in the order in which they come. */
export function rowsOf(shown: readonly Shown[], unit: Unit, has: (name: string) => boolean): DotRow[] {
  const rows = new Map<string, Map<DotSeries, Dot>>();
  const seriesAt = seriesOfReports(shown);
  for (const [at, { report }] of shown.entries())
    for (const entry of report.entries) {
      const name = caseName(entry);
      if (!has(name)) continue;
      for (const cell of entry.cells) {
        const number = numberOf(entry, cell, unit);
        if (!number) continue;
        const series = seriesAt(at, cell.engine);
        const words = `${name}: ${engineOf(cell.engine)[0]} on ${deviceOf(report)}, ${wordsOf(number, unit)}`;
        const dots = rows.get(name) ?? new Map<DotSeries, Dot>();
        // of what was measured here twice, the later one stands
        dots.set(series, { ...number, series, words });
        rows.set(name, dots);
      }
    }
  return [...rows].map(([name, dots]) => ({ name, dots: [...dots.values()] }));
}

const wordsOf = ({ value, low, high }: Pick<Dot, "value" | "low" | "high">, unit: Unit): string =>
  `${digits(value)} ${UNITS[unit]} (${digits(low)} to ${digits(high)})`;

/** The same numbers as a table: medians with the limits of their 95 % intervals. */
export function numberTable(rows: readonly DotRow[], series: readonly DotSeries[], unit: Unit): Markup {
  const cell = (row: DotRow, one: DotSeries): string => {
    const dot = row.dots.find((other) => other.series === one);
    return dot ? `${digits(dot.value)} (${digits(dot.low)} to ${digits(dot.high)})` : "–";
  };
  const heads = ["case", ...series.map(({ name }) => `${name}, ${UNITS[unit]}`)];
  return scrolled(
    "Numbers of the picture",
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, heads.map((head, i) => h("th", { scope: "col", class: i ? "number" : "" }, head))), // prettier-ignore
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, row.name),
            series.map((one) => h("td", { class: "number" }, cell(row, one))),
          ),
        ),
      ),
    ),
  );
}
