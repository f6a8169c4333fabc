// Two reports side by side: what the command's --compare tells, as a picture and a table.

import { type DotRow, type DotSeries, dotLegend, seriesOf } from "../../src/app/report/dotChart.ts";
import { h, type Markup } from "../../src/app/report/markup.ts";
import { factList, scrolled } from "../../src/app/report/scrolled.ts";
import { type Change, changes, type Report } from "../report.ts";
import { adapterName, digits } from "../table.ts";
import { deviceOf, engineOf } from "./rows.ts";

/** What a comparison comes to, in words; two devices are named first. */
export function outcome(before: Report, after: Report): string {
  const names = [before, after].map(({ adapter }) => adapterName(adapter));
  const [one, other] = [before, after].map(deviceOf);
  const devices = names[0] === names[1] ? "" : `Two devices: before on ${one}, after on ${other}. Their ratios compare devices, not versions. `; // prettier-ignore
  const found = changes(before, after);
  if (found.length === 0) return `${devices}No case and engine is in both.`;
  const apart = found.filter((change) => change.apart);
  const faster = apart.filter(({ ratio }) => ratio > 1).length;
  return `${devices}${found.length} in both: ${faster} faster, ${apart.length - faster} slower, ${found.length - apart.length} within the intervals.`;
}

/** How many times as fast the second report is: a row for each case, a dot for each engine. */
export function ratioRows(found: readonly Change[]): DotRow[] {
  const series = new Map<string, DotSeries>();
  const rows = new Map<string, DotRow["dots"]>();
  for (const { name, engine, before, after, ratio, apart } of found) {
    const [words, tone] = engineOf(engine);
    const one = series.get(engine) ?? { name: words, tone, shape: "circle" };
    series.set(engine, one);
    const told = `${name}: ${words}, ${ratio.toFixed(2)} times as fast; ${apart ? "the intervals are apart" : "the intervals meet"}`;
    const dot = { series: one, value: ratio, low: before.low / after.high, high: before.high / after.low, words: told };
    rows.set(name, [...(rows.get(name) ?? []), dot]);
  }
  return [...rows].map(([name, dots]) => ({ name, dots }));
}

export const ratioLegend = (rows: readonly DotRow[]): Markup => dotLegend(seriesOf(rows));

/** Both reports' conditions. */
export const conditions = (reports: { readonly [name: string]: { readonly file: string; readonly report: Report } }) =>
  factList(
    Object.entries(reports).map(([name, { file, report }]) => {
      const { browser, date, flags, versions } = report;
      return [name, [file, deviceOf(report), browser, date, `latentgpu ${String(versions.latentgpu ?? "?")}`, ...flags].join("; ")]; // prettier-ignore
    }),
  );

/** Each case and engine of both with medians and intervals, as the command prints them. */
export const changeTable = (found: readonly Change[]): Markup =>
  scrolled(
    "Changes",
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["case", "engine", "before, ms", "after, ms", "times as fast", "apart"].map((head, i) =>
            h("th", { scope: "col", class: i > 1 && i < 5 ? "number" : "" }, head),
          ),
        ),
      ),
      h("tbody", {}, found.map(row)),
    ),
  );

const row = ({ name, engine, before, after, ratio, apart }: Change): Markup =>
  h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    h("td", {}, engineOf(engine)[0]),
    [before, after].map(({ median, low, high }) =>
      h("td", { class: "number" }, `${digits(median)} (${digits(low)} to ${digits(high)})`),
    ),
    h("td", { class: "number" }, `${ratio.toFixed(2)}×`),
    h("td", {}, apart ? "yes" : "no"),
  );
