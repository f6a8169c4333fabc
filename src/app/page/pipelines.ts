import { startJob } from "../job/client.ts";
import type { JobEvent, Progress, Stage } from "../job/events.ts";
import type { WorkerRun } from "../job/worker.ts";
import type { Curve, ModelReport, PictureReport, Preset, Report, Scores } from "../report.ts";
import { spectrumCharts } from "../report/chart.ts";
import { element } from "../report/markup.ts";
import { reportPage } from "../report/page.ts";
import { curve, picture } from "../report/sections.ts";
import { duration, htmlTable } from "../report/table.ts";
import { byId, downloadLink } from "./download.ts";

/** Replaces the child of `place` that shows `key`, or appends it. */
function put(place: HTMLElement, key: string, node: Element): void {
  node.setAttribute("data-key", key);
  const old = [...place.children].find((child) => child.getAttribute("data-key") === key);
  if (old) old.replaceWith(node);
  else place.append(node);
}

/** One run on the page: what came so far, and where it is shown. */
class View {
  readonly #models = new Map<string, ModelReport>();
  readonly #rows = new Map<string, { item: HTMLElement; bar: HTMLProgressElement; words: HTMLElement }>();
  #floor: Scores | undefined;

  constructor() {
    for (const id of ["stages", "scores", "pictures", "wide", "curves", "downloads"]) byId(id).replaceChildren();
  }

  show(event: JobEvent): void {
    if (event.kind === "start") this.#stages(event.stages, event.preset);
    else if (event.kind === "progress") this.#progress(event.progress);
    else if (event.kind === "done") this.#done(event);
    else if (event.kind === "curve") this.#curve(event.curve);
    else if (event.kind === "picture") this.#picture(event.picture);
    else if (event.kind === "floor") this.#floor = event.floor;
    else if (event.kind === "spectrum")
      spectrumCharts(event.spectrum).forEach((one, i) => put(byId("curves"), `spectrum-${i}`, element(one)));
    else this.#models.set(event.model.key, event.model);
    if (event.kind === "model" || event.kind === "floor") this.#scores();
  }

  #stages(stages: readonly Stage[], preset: Preset): void {
    byId("status").textContent = `Preset ${preset}: ${stages.length} stages.`;
    for (const { key, title } of stages) {
      const item = document.createElement("li");
      item.className = "waiting";
      const name = document.createElement("span");
      name.textContent = title;
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.value = 0;
      bar.setAttribute("aria-label", title);
      const words = document.createElement("span");
      item.append(name, bar, words);
      byId("stages").append(item);
      this.#rows.set(key, { item, bar, words });
    }
  }

  #progress({ stage, step, total, status, eta, done, left }: Progress): void {
    const row = this.#rows.get(stage);
    if (!row) return;
    row.item.className = "";
    row.bar.value = total > 0 ? step / total : 0;
    row.words.textContent = [status, eta === undefined ? "" : `${duration(eta)} to go`].filter(Boolean).join(", ");
    document.title = `${Math.floor(100 * done)} % · latentgpu`;
    if (left !== undefined)
      byId("status").textContent = `${Math.floor(100 * done)} % done, about ${duration(left)} left.`;
  }

  #done({ stage, seconds, result }: { stage: string; seconds: number; result: string }): void {
    const row = this.#rows.get(stage);
    if (!row) return;
    row.bar.value = 1;
    row.words.textContent = [duration(seconds), result].filter(Boolean).join(", ");
  }

  #curve(one: Curve): void {
    put(byId("curves"), one.key, element(curve(one)));
  }

  #picture(one: PictureReport): void {
    const isWide = one.width > 2 * one.height;
    put(byId(isWide ? "wide" : "pictures"), one.key, element(picture(one, isWide ? "wide" : "")));
  }

  #scores(): void {
    byId("scores").replaceChildren(element(htmlTable({ floor: this.#floor, models: [...this.#models.values()] })));
  }
}

const seedOf = (): number => Math.trunc(byId<HTMLInputElement>("seed").valueAsNumber);

/** Makes the form start and stop the job. */
export function pipelines(): void {
  const [start, stop] = [byId<HTMLButtonElement>("start"), byId<HTMLButtonElement>("stop")];
  const status = byId("status");
  let running: WorkerRun<Report> | undefined;

  async function run(): Promise<void> {
    const preset = byId<HTMLSelectElement>("preset").value as Preset | "";
    const view = new View();
    status.textContent = "Starting …";
    running = startJob({ ...(preset ? { preset } : {}), seed: seedOf(), mnist: "/data/mnist/" }, (event) =>
      view.show(event),
    );
    try {
      const report = await running.result;
      const json = JSON.stringify(report, undefined, 2);
      byId("downloads").append(
        downloadLink("report.html", "text/html", await reportPage(report)),
        downloadLink("report.json", "application/json", json),
      );
      status.textContent = `Done in ${duration(report.seconds)}.`;
    } catch (error) {
      const isStopped = (error as Error).name === "AbortError";
      status.textContent = isStopped ? "Stopped. What was finished is below." : (error as Error).message;
    } finally {
      document.title = "latentgpu";
      running = undefined;
    }
  }

  byId<HTMLFormElement>("job").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) return;
    [start.disabled, stop.disabled] = [true, false];
    void run().finally(() => {
      [start.disabled, stop.disabled] = [false, true];
    });
  });
  stop.addEventListener("click", () => {
    status.textContent = "Stopping …";
    stop.disabled = true;
    running?.stop();
  });
}
