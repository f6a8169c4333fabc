import { element, type Markup } from "../report/markup.ts";
import { byId, downloadLink } from "./download.ts";

/** What dist/bench/page.js exports (bench/page.ts). It loads when it is asked for: peers are large. */
interface BenchModule {
  bench(request: object, listener: { say(line: string): void }): Promise<Result>;
}

interface BenchReport {
  flags: string[];
}

interface Result {
  report: BenchReport;
  text: string;
  csv: string;
  roofline: Markup;
}

const folder = "/dist/bench/";

/** Blocks per engine and case, and seconds that an engine may take for a case. */
const PACE = { rounds: 7, boxSeconds: 20 };

async function ask(only: string[]): Promise<object> {
  const engines = (await (await fetch(`${folder}engines.json`)).json()) as unknown;
  const browser = /Chrome\/[\d.]+/.exec(navigator.userAgent)?.[0].replace("/", " ") ?? navigator.userAgent;
  return { ...PACE, engines, only, browser };
}

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
async function run(): Promise<BenchReport> {
  const status = byId("bench-status");
  status.textContent = "Loading the bench …";
  const { bench } = (await import(`${folder}page.js`)) as BenchModule;
  const only = byId<HTMLInputElement>("bench-only")
    .value.split(",")
    .map((part) => part.trim());
  const log: string[] = [];
  const result = await bench(await ask(only.filter(Boolean)), {
    say: (line) => {
      log.push(line);
      status.textContent = line.split("\n")[0]!;
      byId("bench-log").textContent = log.join("\n");
    },
  });
  show(result);
  const { flags } = result.report;
  status.textContent = ["Done. Ratios hold for this run on this device.", ...flags].join(" ");
  return result.report;
}

async function start(button: HTMLButtonElement): Promise<BenchReport | undefined> {
  button.disabled = true;
  try {
    return await run();
  } catch (error) {
    byId("bench-status").textContent = error instanceof Error ? error.message : String(error);
    return undefined;
  } finally {
    button.disabled = false;
  }
}

/** Makes the button run the bench. `?auto=1` runs it at once, for scripts: `benchReport` then holds its end, null after a failure. */
export function bench(): void {
  const button = byId<HTMLButtonElement>("bench-start");
  button.addEventListener("click", () => void start(button));
  const asked = new URLSearchParams(location.search);
  byId<HTMLInputElement>("bench-only").value = asked.get("only") ?? "";
  if (asked.get("auto") === "1")
    Object.assign(globalThis, { benchReport: start(button).then((report) => report ?? null) });
}
