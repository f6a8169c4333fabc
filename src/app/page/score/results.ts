import { adapterWords } from "../../command/adapterWords.ts";
import type { Line, ScoreReport } from "../../command/report.ts";
import { element, h, type Markup } from "../../report/markup.ts";
import { factList, scrolled } from "../../report/scrolled.ts";

/** What stands beside the number and is no part of it. */
const BESIDE = new Set(["key", "title", "measure", "value", "deviation", "interval", "intervals", "n", "features", "seed", "warnings"]); // prettier-ignore

/** Parts that are results of their own, with an interval or without. */
const NAMED = new Set(["recall", "coverage", "precision", "density"]);

/** Six digits, as the command line prints them. */
const digits = (value: number): string => String(Number.isFinite(value) ? Number(value.toPrecision(6)) : value);
const interval = (limits: readonly [number, number] | undefined): string =>
  limits ? `${digits(limits[0])} to ${digits(limits[1])}` : "–";

/** A number of a measure: the value itself, or a named part. */
interface Row {
  readonly name: string;
  readonly value: number;
  readonly limits: readonly [number, number] | undefined;
}

/** The value and the parts of a score; a value that has a name among the parts stands once, and lesser parts apart. */
export function rowsOf(line: Line): { readonly rows: readonly Row[]; readonly rest: readonly Row[] } {
  const intervals = (line["intervals"] ?? {}) as { readonly [part: string]: readonly [number, number] };
  const parts = Object.entries(line)
    .filter(([name, value]) => typeof value === "number" && !BESIDE.has(name))
    .map(([name, value]) => ({ name, value: value as number, limits: intervals[name] }));
  const same = parts.find(({ name, value }) => NAMED.has(name) && value === line.value);
  const first = { name: same?.name ?? "", value: line.value, limits: line.interval };
  const others = parts.filter((part) => part !== same);
  const hasOwn = ({ name, limits }: Row): boolean => limits !== undefined || NAMED.has(name);
  return { rows: [first, ...others.filter(hasOwn)], rest: others.filter((part) => !hasOwn(part)) };
}

const row = (line: Line): Markup[] => {
  const { title, warnings } = line;
  const samples = Object.entries(line["n"] as { readonly [set: string]: number });
  const counts = samples.map(([set, count]) => `${count.toLocaleString("en")} ${set}`).join(", ");
  const { rows, rest } = rowsOf(line);
  const numbers = rows.map(({ name, value, limits }, i) =>
    h(
      "tr",
      { class: i === 0 ? "" : "part" },
      h("th", { scope: "row" }, i === 0 ? title : "", name ? h("small", {}, name) : null),
      h("td", { class: "number" }, digits(value)),
      h("td", { class: "number" }, interval(limits)),
      h("td", {}, i === 0 ? counts : ""),
    ),
  );
  const details = rest.map(({ name, value }) => `${name} ${digits(value)}`).join(", ");
  const whole = (text: string, kind: string): Markup => h("tr", { class: kind }, h("td", { colspan: 4 }, text));
  return [
    ...numbers,
    ...(details ? [whole(details, "rest")] : []),
    ...warnings.map((text) => whole(`Warning: ${text}`, "warned")),
  ];
};

/** The numbers so far as a table. */
export const resultTable = (lines: readonly Line[]): Element =>
  element(
    scrolled(
      "Scores",
      h(
        "table",
        { class: "scores" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "measure"),
            h("th", { scope: "col", class: "number" }, "value"),
            h("th", { scope: "col", class: "number" }, "95 % interval"),
            h("th", { scope: "col" }, "samples"),
          ),
        ),
        h("tbody", {}, lines.map(row)),
      ),
    ),
  );

/** Under which conditions the numbers were found, with what was left out and what a reader should know. */
export function conditionList({ adapter, features, conditions, sets, version, complete }: ScoreReport): Element {
  const facts: [string, string][] = Object.entries(sets).map(([set, { path, kind, n, skipped }]) => [
    set,
    `${n.toLocaleString("en")} samples of ${path} (${kind})${skipped.length ? `, ${skipped.length} broken files left out` : ""}`,
  ]);
  facts.push(
    ["network", `${features.name}${features.checksum ? `, checksum ${features.checksum}` : ""}`],
    ["pixels", conditions.pixels],
    ["channels", conditions.channels],
    ["resize", conditions.resize],
    ["seed", String(conditions.seed)],
    ["adapter", `${adapterWords(adapter) || "not named"}${adapter.software ? ", software: no GPU" : ""}`],
    ["latentgpu", `${version}${complete ? "" : "; the run was ended before all measures were there"}`],
  );
  return element(factList(facts));
}
