import { byId, downloadLink } from "./download.ts";

/** What bench/page.ts puts on the page when it is loaded. It says where it is through `say`. */
interface BenchPage {
  bench(request: object): Promise<{ report: { adapter: { software: boolean } }; text: string }>;
}

const script = "/dist/bench/page.js";
const engines = ["latentgpu", "jax-js", "tfjs"];

/** Seconds of measuring for each engine. */
const box = { quick: 12, rounds: 12 };

async function run(): Promise<void> {
  const status = byId("bench-status");
  const table = byId("bench-table");
  byId("bench-downloads").replaceChildren();
  table.hidden = true;
  status.textContent = "Loading the engines …";
  Object.assign(globalThis, { say: (text: string) => void (status.textContent = text) });
  try {
    await import(script);
    const { bench } = globalThis as unknown as BenchPage;
    const browser = /Chrome\/[\d.]+/.exec(navigator.userAgent)?.[0].replace("/", " ") ?? navigator.userAgent;
    const asked = {
      engines: engines.map((engine) => ({ engine })),
      batch: 128,
      seed: 1,
      rounds: box.rounds,
      boxSeconds: box.quick,
      browser,
    };
    const { report, text } = await bench(asked);
    table.textContent = text;
    table.hidden = false;
    status.textContent = document.hidden
      ? "Done, but the tab was hidden: do not compare."
      : "Done. Ratios hold for this run on this device.";
    byId("bench-downloads").append(
      downloadLink("bench.json", "application/json", JSON.stringify(report, undefined, 2)),
    );
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : String(error);
  }
}

/** Makes the button run the bench. */
export function bench(): void {
  const start = byId<HTMLButtonElement>("bench-start");
  start.addEventListener("click", () => {
    start.disabled = true;
    void run().finally(() => (start.disabled = false));
  });
}
