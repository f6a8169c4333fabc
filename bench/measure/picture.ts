// The picture of the tab: reports as rows of dots, with the choice of what is shown.

import { dotLegend, seriesOf } from "../../src/app/report/dotChart.ts";
import { element, h } from "../../src/app/report/markup.ts";
import { caseName } from "../report.ts";
import type { Choices } from "./address.ts";
import { drawnIn } from "./drawn.ts";
import { type Group, groups, groupsOf } from "./groups.ts";
import { deviceOf, numberTable, rowsOf, type Shown, type Unit } from "./rows.ts";

const AXES: { readonly [unit in Unit]: string } = {
  ms: "milliseconds a step: further left is faster",
  gflops: "10⁹ operations a second: further right is faster",
};
const TITLES: { readonly [unit in Unit]: string } = {
  ms: "Time of a step",
  gflops: "Rate of the cases that count operations",
};

const content = ({ unit }: Choices) =>
  h(
    "div",
    {},
    h(
      "figure",
      { class: "plot" },
      h("figcaption", { id: "measure-title" }),
      h("div", { id: "measure-picture" }, h("p", { class: "note" }, "Loading the committed results …")),
      h("div", { id: "measure-legend" }),
      h("output", { id: "measure-told", class: "note" }, "Point at a dot, or go over them with the arrow keys."),
    ),
    h(
      "div",
      { class: "controls" },
      h(
        "label",
        {},
        "Show",
        h(
          "select",
          { id: "measure-unit" },
          (["ms", "gflops"] as const).map((one) =>
            h("option", { value: one, ...(one === unit ? { selected: "" } : {}) }, one === "ms" ? "time, ms" : "rate, GFLOP/s"),
          ),
        ),
      ),
      h("label", {}, "Cases", h("select", { id: "measure-cases" })),
    ),
    h("p", { id: "measure-from", class: "note" }),
    h("details", {}, h("summary", {}, "The same numbers as a table"), h("div", { id: "measure-table" })),
  ); // prettier-ignore

/** A place that shows reports as dots. */
export interface Picture {
  show(shown: readonly Shown[]): void;
  /** Says why there are no dots yet. */
  refuse(message: string): void;
  choices(): Choices;
}

/** Makes the picture in `place`; `changed` hears of another choice. */
export function picture(place: HTMLElement, first: Choices, changed: () => void): Picture {
  place.append(element(content(first)));
  const at = <T extends HTMLElement>(name: string): T => place.querySelector<T>(`#measure-${name}`)!;
  const [unitField, groupField] = [at<HTMLSelectElement>("unit"), at<HTMLSelectElement>("cases")];
  const draw = drawnIn(at("picture"), at("told"));
  let group: Group = first.group;
  let shown: readonly Shown[] = [];
  const choices = (): Choices => ({ unit: unitField.value as Unit, group });

  /** The groups that have a case, and among them the chosen one. */
  function offer(): void {
    const names = shown.flatMap(({ report }) => report.entries.map(caseName));
    const options = groupsOf(names).map((name) => {
      const option = document.createElement("option");
      option.value = name;
      option.textContent = groups[name].words;
      return option;
    });
    groupField.replaceChildren(...options);
    groupField.value = group;
    if (groupField.value !== group) groupField.selectedIndex = 0;
  }

  function redraw(): void {
    if (shown.length === 0) return;
    const { unit } = choices();
    const rows = rowsOf(shown, unit, groups[group].has);
    const series = seriesOf(rows);
    at("title").textContent = TITLES[unit];
    at("legend").replaceChildren(element(dotLegend(series)));
    at("table").replaceChildren(element(numberTable(rows, series, unit)));
    const summary = `${rows.length} cases, as in the table below. Arrow keys go from dot to dot.`;
    draw({ title: TITLES[unit], axis: AXES[unit], rows, summary });
    const from = shown.map(({ report, isOwn }) => {
      const { browser, date } = report;
      return `${isOwn ? "Your device" : "Committed"}: ${deviceOf(report)}; ${browser}, ${date}.`;
    });
    const none = rows.length === 0 ? ["None of these cases counts operations."] : [];
    const method = "Medians of a step, each result checked against float64 before it was timed.";
    at("from").textContent = [...none, ...new Set(from), method].join(" ");
  }

  unitField.addEventListener("change", () => {
    redraw();
    changed();
  });
  groupField.addEventListener("change", () => {
    group = groupField.value as Group;
    redraw();
    changed();
  });
  return {
    show(reports) {
      shown = reports;
      offer();
      redraw();
    },
    refuse(message) {
      if (shown.length === 0) at("picture").replaceChildren(message);
    },
    choices,
  };
}
