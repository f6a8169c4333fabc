import type { Line, ScoreReport } from "../../command/report.ts";
import { element, h } from "../../report/markup.ts";
import { duration } from "../../report/table.ts";
import { downloadLink } from "../download.ts";
import { ignoreMissedDrops } from "../drop.ts";
import { panelAddress } from "../panelAddress.ts";
import { addStyle } from "../sheet.ts";
import { addressOf, parseAddress, wordsOfChoices } from "./address.ts";
import type { WorkerRun } from "../../job/worker.ts";
import { startScore } from "./client.ts";
import { dropZone } from "./dropZone.ts";
import { scoreForm } from "./form.ts";
import { pathOf } from "./given.ts";
import type { ScoreAnswer, ScoreRequest } from "./messages.ts";
import { showGallery } from "./pictures.ts";
import { conditionList, resultTable } from "./results.ts";
import { scoreStyle } from "./style.ts";

/** Where a run shows itself. */
const output = () =>
  h(
    "div",
    {},
    h(
      "p",
      { class: "controls" },
      h("button", { type: "button", id: "score-run" }, "Score"),
      h("button", { type: "button", id: "score-stop", disabled: "" }, "Stop"),
      h("progress", { id: "score-progress", max: 1, value: 0, "aria-label": "Progress", hidden: "" }),
      h(
        "span",
        { id: "score-status", role: "status" },
        "Drop two sets, choose, and score. No file leaves this machine.",
      ),
    ),
    h("ul", { id: "score-said", class: "note" }),
    h("div", { id: "score-results" }),
    h("div", { id: "score-conditions" }),
    h("p", { id: "score-downloads", class: "downloads" }),
    h("div", { id: "score-pictures" }),
    h("p", { class: "note" }, "The same in a terminal, with the same code: ", h("code", { id: "score-command" })),
    h(
      "p",
      { class: "note" },
      h("a", { id: "score-link", href: "#score" }, "Link to these choices"),
      " (files stay with you).",
    ),
  );

/** Quotes a word where a shell would part it. */
const quoted = (word: string): string => (/^[\w./,:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Fills the panel in which folders of images are scored; `hash` is its address. */
export function score(panel: HTMLElement, hash: string): void {
  addStyle(scoreStyle);
  const zones = {
    generated: dropZone("generated", "Generated", showChoices),
    real: dropZone("real", "Real", showChoices),
  };
  const form = scoreForm(parseAddress(hash), () => {
    showChoices();
    address.write();
  });
  const address = panelAddress(panel, () => addressOf(form.choices()));
  const drops = element(h("div", { class: "drops" }));
  drops.append(zones.generated.node, zones.real.node);
  panel.append(drops, form.node, element(output()));
  const at = <T extends HTMLElement>(name: string): T => panel.querySelector<T>(`#score-${name}`)!;
  ignoreMissedDrops();

  /** The words of the command line for what is chosen now. */
  function words(): string[] {
    const [generated, real] = [zones.generated.set(), zones.real.set()];
    const path = generated ? pathOf("generated", generated) : "generated";
    return wordsOfChoices(path, real && pathOf("real", real), form.choices());
  }

  /** Shows what the choices come to. */
  function showChoices(): void {
    at("command").textContent = ["npx latentgpu score", ...words().map(quoted)].join(" ");
    at<HTMLAnchorElement>("link").href = addressOf(form.choices());
  }

  function request(): ScoreRequest {
    const files = new Map<string, File>();
    for (const [name, zone] of Object.entries(zones))
      for (const [inner, file] of zone.set()?.files ?? []) files.set(`${name}/${inner}`, file);
    const weights = form.weights();
    if (weights) files.set(weights.name, weights);
    return { words: words(), files };
  }

  let lines: Line[] = [];
  function show(answer: ScoreAnswer): void {
    if (answer.kind === "progress") {
      const { step, total, eta } = answer.progress;
      at<HTMLProgressElement>("progress").value = total > 0 ? step / total : 0;
      status(`${answer.what}: ${step} of ${total}, ${duration(eta)} to go`);
    } else if (answer.kind === "said") {
      at("said").append(element(h("li", {}, answer.line)));
    } else if (answer.kind === "found") {
      lines = [...lines, answer.line];
      at("results").replaceChildren(resultTable(lines));
    } else if (answer.kind === "ended") {
      ended(answer.report);
    } else if (answer.kind === "stage") {
      at<HTMLProgressElement>("progress").removeAttribute("value");
      status(`${answer.what} …`);
    } else if (answer.kind === "pictures") void showGallery(at("pictures"), answer.gallery);
  }

  function ended(report: ScoreReport): void {
    at("conditions").replaceChildren(conditionList(report));
    const text = `${JSON.stringify(report, null, 2)}\n`;
    at("downloads").replaceChildren(downloadLink("score.json", "application/json", text));
  }

  const status = (text: string): void => void (at("status").textContent = text);

  let running: WorkerRun<void> | undefined;
  async function run(): Promise<void> {
    if (running) return;
    if (!zones.generated.set()) return status("Generated images are missing. Drop a folder or a file on Generated.");
    lines = [];
    for (const name of ["said", "results", "conditions", "downloads", "pictures"]) at(name).replaceChildren();
    const [button, stop, progress] = [at<HTMLButtonElement>("run"), at<HTMLButtonElement>("stop"), at("progress")];
    button.disabled = true;
    stop.disabled = false;
    progress.hidden = false;
    status("Opening the GPU …");
    const began = performance.now();
    try {
      running = startScore(request(), show);
      await running.result;
      status(`Done in ${duration((performance.now() - began) / 1000)}.`);
    } catch (error) {
      const { name, message } = error as Error;
      status(name === "AbortError" ? "Stopped. What was found stands." : message);
    } finally {
      running = undefined;
      button.disabled = false;
      stop.disabled = true;
      progress.hidden = true;
    }
  }
  at("run").addEventListener("click", () => void run());
  at("stop").addEventListener("click", () => running?.stop());
  showChoices();
}
