// The button that measures this device in at most 15 seconds.

import type { runInWorker } from "../../src/app/job/worker.ts";
import { downloadLink } from "../../src/app/page/download.ts";
import { element, h } from "../../src/app/report/markup.ts";
import { duration } from "../../src/app/report/table.ts";
import { watchHidden } from "../hidden.ts";
import { caseName, fileName, type Report } from "../report.ts";
import { alone } from "./alone.ts";
import { browserName } from "./browserName.ts";
import type { SpeedAnswer, SpeedRequest } from "./messages.ts";
import { SECONDS } from "./seconds.ts";
import { verdict } from "./verdict.ts";

const content = () =>
  h(
    "div",
    {},
    h(
      "p",
      { class: "controls" },
      h(
        "button",
        { type: "button", id: "measure-run", class: "primary", "data-measures": "" },
        "How fast is this GPU?",
      ),
      h("progress", { id: "measure-progress", max: 1, value: 0, "aria-label": "Measured so far", hidden: "" }),
      h("span", { id: "measure-status", role: "status" }, `Takes ${SECONDS} seconds at most.`),
      h("span", { id: "measure-left", class: "note" }),
      h("span", { id: "measure-downloads", class: "downloads" }),
    ),
    h("p", { id: "measure-verdict", class: "lead", role: "status" }),
  );

/** How a run ended: with its report, which lacks `missed` where time ran out. */
interface Measured {
  readonly report: Report;
  readonly missed: readonly string[];
}

/** Makes the button in `place`. `run` starts workers; `measured` hears of each report. */
export function speed(place: HTMLElement, run: typeof runInWorker, measured: (report: Report) => void): void {
  place.append(element(content()));
  const at = <T extends HTMLElement>(name: string): T => place.querySelector<T>(`#measure-${name}`)!;
  const [button, bar] = [at<HTMLButtonElement>("run"), at<HTMLProgressElement>("progress")];

  /** Asks a worker, and ends it when the time is over: then what was finished counts. */
  async function measure(ends: number): Promise<Measured> {
    let names: readonly string[] = [];
    let report: Report | undefined;
    let current = "";
    const request: SpeedRequest = { browser: browserName() };
    const started = run<SpeedAnswer, Report>({ name: "speed", title: "latentgpu speed" }, request, (answer, end) => {
      if (answer.kind === "cases") ({ names } = answer);
      else if (answer.kind === "kept") ({ report } = answer);
      else if (answer.kind === "report") end.accept(answer.report);
      else if (answer.kind === "error") end.reject(answer);
      else {
        bar.value = Math.max(bar.value, answer.done / answer.total);
        // a reader hears of each case once
        if (answer.name !== current) at("status").textContent = `Checking and timing ${answer.name}`;
        current = answer.name;
      }
    });
    const timer = setTimeout(() => started.stop(0), ends - performance.now());
    try {
      return { report: await started.result, missed: [] };
    } catch (error) {
      if ((error as Error).name !== "AbortError") throw error;
      if (!report) throw new Error(`No case was done within ${SECONDS} s: ${current || "the GPU did not open"}.`);
      const ended = new Set(report.entries.map(caseName));
      // a case that failed stands in the flags by its name
      const failed = (name: string): boolean => report!.flags.some((flag) => flag.startsWith(`${name}: `));
      const missed = names.filter((name) => !ended.has(name) && !failed(name));
      report.flags.push(`${missed.length} of ${names.length} cases were not done within ${SECONDS} s: ${missed.join("; ")}`); // prettier-ignore
      return { report, missed };
    } finally {
      clearTimeout(timer);
    }
  }

  function show({ report, missed }: Measured, seconds: number): void {
    const rest = missed.length > 0 ? ` Not reached: ${missed.join("; ")}.` : "";
    at("status").textContent = `Measured in ${duration(seconds)}.${rest}`;
    at("verdict").textContent = verdict(report);
    const text = `${JSON.stringify(report, undefined, 2)}\n`;
    at("downloads").replaceChildren(downloadLink(fileName(report.adapter), "application/json", text));
    measured(report);
  }

  async function start(): Promise<void> {
    bar.hidden = false;
    bar.value = 0;
    at("status").textContent = "Opening the GPU …";
    const began = performance.now();
    const ends = began + SECONDS * 1000;
    const left = setInterval(() => {
      at("left").textContent = `at most ${Math.max(0, Math.ceil((ends - performance.now()) / 1000))} s left`;
    }, 250);
    const flags: string[] = [`short blocks, to be done within ${SECONDS} s: npm run bench measures longer`];
    const unwatch = watchHidden(flags);
    try {
      const found = await measure(ends);
      found.report.flags.push(...flags);
      show(found, (performance.now() - began) / 1000);
    } catch (error) {
      at("status").textContent = error instanceof Error ? error.message : String(error);
    } finally {
      clearInterval(left);
      unwatch();
      at("left").textContent = "";
      bar.hidden = true;
    }
  }
  button.addEventListener("click", () => void alone(start));
}
