import { type Gpu, openGpu, type SelfTest, type SelfTestResult, version } from "../../../index.ts";
import { element, h } from "../../report/markup.ts";
import { duration } from "../../report/table.ts";
import { downloadLink } from "../download.ts";
import { scrolled } from "../../report/scrolled.ts";
import { checks, selfTest } from "../../../program/selfTest.ts";
import { addStyle } from "../sheet.ts";
import { adapterView } from "./adapterView.ts";
import { errorChart, scientific } from "./errorChart.ts";
import { kernelChecks } from "./kernelChecks.ts";
import { reportText } from "./reportText.ts";
import { trustStyle } from "./style.ts";

const content = () =>
  h(
    "div",
    {},
    h(
      "p",
      {},
      "Each kind of kernel, from sums and products to convolutions with their gradients, sorting, factors and the steps of optimisers, runs twice on your adapter and once on the CPU in float64. The largest difference is shown beside the bound that it has to keep. Within the bounds, float32's rounding is all that parts this device from the exact result; past one, or where a second run gives other bits, its numbers are not to be trusted.",
    ),
    h(
      "p",
      { class: "controls" },
      h("button", { type: "button", id: "trust-run", disabled: "" }, "Check again"),
      h("span", { id: "trust-status", role: "status" }, "Opening the GPU …"),
      h("span", { id: "trust-downloads", class: "downloads" }),
    ),
    h("div", { id: "trust-picture", class: "plots" }),
    h("div", { id: "trust-table" }),
    h("div", { id: "trust-adapter" }),
  );

const row = ({ name, error, bound, scale, repeats }: SelfTestResult) =>
  h(
    "tr",
    { class: error <= bound && repeats ? "" : "failed" },
    h("th", { scope: "row" }, name),
    [scientific(error), scientific(bound), scientific(error / scale)].map((text) => h("td", { class: "number" }, text)),
    h("td", {}, repeats ? "the same bits" : "other bits"),
  );

const table = (results: readonly SelfTestResult[]): Element =>
  element(
    scrolled(
      "Errors and bounds",
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["kernel", "error", "bound", "error, of the largest value", "second run"].map((head, i) =>
              h("th", { scope: "col", class: i > 0 && i < 4 ? "number" : "" }, head),
            ),
          ),
        ),
        h("tbody", {}, results.map(row)),
      ),
    ),
  );

/** What the checks come to. */
function verdict({ checks, failures }: SelfTest, { info }: Gpu, seconds: number): string {
  const where = info.software ? "a software adapter, no GPU" : info.description || info.vendor || "this adapter";
  const found = failures.length
    ? `${failures.length} of ${checks} checks failed on ${where}: ${failures.join(" ")}`
    : `All ${checks} checks passed on ${where}`;
  return `${found}${failures.length ? "" : "."} It took ${duration(seconds)}.`;
}

/** Fills the panel in which this device's arithmetic is checked; the first check starts at once. */
export function trust(panel: HTMLElement): void {
  addStyle(trustStyle);
  panel.append(element(content()));
  const at = (name: string): HTMLElement => panel.querySelector<HTMLElement>(`#trust-${name}`)!;
  const button = at("run") as HTMLButtonElement;

  async function run(): Promise<void> {
    button.disabled = true;
    at("status").textContent = "Checking …";
    let gpu: Gpu | undefined;
    try {
      gpu = await openGpu({ powerPreference: "high-performance" });
      at("adapter").replaceChildren(adapterView(gpu.info));
      const began = performance.now();
      const found = await selfTest(gpu, [...checks, ...kernelChecks(gpu)]);
      const seconds = (performance.now() - began) / 1000;
      at("status").textContent = verdict(found, gpu, seconds);
      at("picture").replaceChildren(element(errorChart(found.results)));
      at("table").replaceChildren(table(found.results));
      const report = {
        command: "selfTest",
        version,
        browser: navigator.userAgent,
        adapter: gpu.info,
        seconds,
        ...found,
      };
      at("downloads").replaceChildren(downloadLink("trust.json", "application/json", reportText(report)));
    } catch (error) {
      // results of an earlier check say nothing of this one
      for (const name of ["adapter", "picture", "table", "downloads"]) at(name).replaceChildren();
      at("status").textContent = error instanceof Error ? error.message : String(error);
    } finally {
      gpu?.dispose();
      button.disabled = false;
    }
  }
  button.addEventListener("click", () => void run());
  void run();
}
