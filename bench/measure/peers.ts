// The whole bench on request: this engine beside its peers.

import { byId, downloadLink } from "../../src/app/page/download.ts";
import { element, h } from "../../src/app/report/markup.ts";
import type { bench } from "../page.ts";
import type { Report } from "../report.ts";
import type { Bundle, Result } from "../session.ts";
import { alone } from "./alone.ts";
import { browserName } from "./browserName.ts";
import { FOLDER } from "./committed.ts";

/** Blocks per engine and case, and seconds that an engine may take for a case. */
const PACE = { rounds: 7, boxSeconds: 20 };

const content = () =>
  h(
    "section",
    {},
    h("h2", {}, "Beside other engines"),
    h(
      "p",
      {},
      "Kernels and training steps of this engine beside jax-js, TensorFlow.js and ONNX Runtime Web, in rotating blocks, and beside this device's measured peaks. A result that differs from float64 gets no time.",
    ),
    h(
      "div",
      { class: "controls" },
      h("label", {}, "Only", h("input", { id: "bench-only", placeholder: "all, or such as matmul, vae step", size: 28 })),
      h("button", { id: "bench-start", type: "button", class: "primary", "data-measures": "" }, "Run"),
      h("span", { id: "bench-downloads", class: "downloads" }),
    ),
    h("p", { id: "bench-status", class: "note", role: "status" }, "Leave this tab in front while it runs."),
    h("pre", { id: "bench-table", tabindex: 0, hidden: "" }),
    h("div", { id: "bench-roofline", class: "plots" }),
    h("details", {}, h("summary", {}, "Every case"), h("pre", { id: "bench-log", tabindex: 0 })),
  ); // prettier-ignore

function show({ report, text, csv, roofline }: Result): void {
  const table = byId("bench-table");
  table.textContent = text;
  table.hidden = false;
  byId("bench-roofline").replaceChildren(element(roofline));
  byId("bench-downloads").replaceChildren(
    downloadLink("bench.json", "application/json", JSON.stringify(report, undefined, 2)),
    downloadLink("bench.csv", "text/csv", csv),
  );
}

/** Runs what the field asks for; returns the report, or throws where there is none. */
async function run(): Promise<Report> {
  const status = byId("bench-status");
  status.textContent = "Loading the bench …";
  // the peers are large: they load when they are asked for
  const module = (await import(`${FOLDER}page.js`)) as { bench: typeof bench };
  const engines = (await (await fetch(`${FOLDER}engines.json`)).json()) as Bundle[];
  const only = byId<HTMLInputElement>("bench-only")
    .value.split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  const log: string[] = [];
  const result = await module.bench(
    { ...PACE, engines, only, browser: browserName() },
    {
      say: (line) => {
        log.push(line);
        status.textContent = line.split("\n")[0]!;
        byId("bench-log").textContent = log.join("\n");
      },
    },
  );
  show(result);
  const { flags } = result.report;
  status.textContent = ["Done. Ratios hold for this run on this device.", ...flags].join(" ");
  return result.report;
}

/** Makes the form in `place`; returns what runs it and gives the report, null after a failure. `measured` hears of each report. */
export function peers(place: HTMLElement, measured: (report: Report) => void): () => Promise<Report | null> {
  place.append(element(content()));
  const button = byId<HTMLButtonElement>("bench-start");
  const start = async (): Promise<Report | null> => {
    try {
      const report = await alone(run);
      measured(report);
      return report;
    } catch (error) {
      byId("bench-status").textContent = error instanceof Error ? error.message : String(error);
      return null;
    }
  };
  button.addEventListener("click", () => void start());
  byId<HTMLInputElement>("bench-only").value = new URLSearchParams(location.search).get("only") ?? "";
  return start;
}
