// Two places for reports, which are compared when both are there.

import { onDrop } from "../../src/app/page/drop.ts";
import { element, h } from "../../src/app/report/markup.ts";
import { changes, parseReport, type Report } from "../report.ts";
import { adapterName } from "../table.ts";
import { drawnIn } from "./drawn.ts";
import { changeTable, conditions, outcome, ratioLegend, ratioRows } from "./two.ts";

/** Most bytes of a report: larger files are something else. */
const MOST_BYTES = 64 * 2 ** 20;

const NAMES = ["before", "after"] as const;
type Name = (typeof NAMES)[number];
const titleOf = (name: Name): string => `${name[0]!.toUpperCase()}${name.slice(1)}`;

const zone = (name: Name) =>
  h(
    "div",
    { class: "drop", id: `compare-${name}`, role: "group", "aria-label": titleOf(name) },
    h("h3", {}, titleOf(name)),
    h(
      "label",
      {},
      "Drop a report here, or choose it ",
      h("input", { type: "file", accept: ".json,application/json", multiple: "", "aria-label": `${titleOf(name)}: a report` }),
    ),
    h("p", { class: "given", role: "status" }, "Nothing yet."),
  ); // prettier-ignore

const content = () =>
  h(
    "section",
    {},
    h("h2", {}, "Compare two reports"),
    h(
      "p",
      {},
      "Reports of this page, of ",
      h("code", {}, "npm run bench -- --out"),
      " or those in ",
      h("code", {}, "bench/results/"),
      ". No file leaves this machine.",
    ),
    h("div", { class: "drops" }, NAMES.map(zone)),
    h("p", { id: "compare-outcome", class: "lead", role: "status" }),
    h(
      "figure",
      { id: "compare-figure", class: "plot", hidden: "" },
      h("figcaption", {}, "How many times as fast the second is"),
      h("div", { id: "compare-picture" }),
      h("div", { id: "compare-legend" }),
      h("output", { id: "compare-told", class: "note" }, "Point at a dot, or go over them with the arrow keys."),
    ),
    h(
      "details",
      { id: "compare-numbers", hidden: "" },
      h("summary", {}, "The same numbers as a table"),
      h("div", { id: "compare-table" }),
    ),
    h("div", { id: "compare-conditions" }),
  );

/** The report in a file. Throws an Error that says what is wrong with it. */
async function reportIn(file: File): Promise<Report> {
  if (file.size > MOST_BYTES)
    throw new Error(`${file.name} is too large. Expected at most ${MOST_BYTES} bytes; got ${file.size}.`);
  return parseReport(await file.text(), file.name);
}

/** Makes the two places in `place`. */
export function compareFiles(place: HTMLElement): void {
  place.append(element(content()));
  const at = (name: string): HTMLElement => place.querySelector<HTMLElement>(`#compare-${name}`)!;
  const draw = drawnIn(at("picture"), at("told"));
  const given = new Map<Name, { file: string; report: Report }>();

  function show(): void {
    const [before, after] = NAMES.map((name) => given.get(name));
    const both = before !== undefined && after !== undefined;
    const found = both ? changes(before.report, after.report) : [];
    at("outcome").textContent = both ? outcome(before.report, after.report) : "";
    for (const part of ["figure", "numbers"]) at(part).hidden = found.length === 0;
    at("table").replaceChildren(...(found.length > 0 ? [element(changeTable(found))] : []));
    at("conditions").replaceChildren(...(both ? [element(conditions({ before, after }))] : []));
    const rows = ratioRows(found);
    at("legend").replaceChildren(element(ratioLegend(rows)));
    draw({
      title: "How many times as fast the second is",
      axis: "before / after: further right is faster",
      rows,
      summary: `${rows.length} cases, as in the table below. Arrow keys go from dot to dot.`,
      mark: 1,
    });
  }

  async function take(name: Name, file: File): Promise<void> {
    const said = at(name).querySelector(".given")!;
    try {
      const report = await reportIn(file);
      given.set(name, { file: file.name, report });
      said.textContent = `${file.name}: ${report.entries.length} cases on ${adapterName(report.adapter)}, ${report.date}.`;
    } catch (error) {
      // what stood here before is compared no longer
      given.delete(name);
      said.textContent = error instanceof Error ? error.message : String(error);
    }
    at(name).classList.toggle("full", given.has(name));
    show();
  }

  /** One file is for `name`; of two the first is before, the second after. */
  const takeAll = (name: Name, files: readonly File[]): void => {
    const [first, second] = files;
    if (first && second) void take("before", first).then(() => take("after", second));
    else if (first) void take(name, first);
  };
  for (const name of NAMES) {
    const input = at(name).querySelector("input")!;
    input.addEventListener("change", () => {
      takeAll(name, [...(input.files ?? [])]);
      // the same file may be chosen again
      input.value = "";
    });
    onDrop(at(name), at(name), (data) => takeAll(name, [...data.files]));
  }
}
