// The page that `npm start` serves: models to play with, one to train, all explained, the job live, the bench, and the adapter.
import { runInWorker } from "./job/worker.ts";
import { showAdapter } from "./page/adapter.ts";
import { byId } from "./page/download.ts";
import { pipelines } from "./page/pipelines.ts";
import { play } from "./page/play/play.ts";
import { playStyle } from "./page/play/style.ts";
import { addStyle } from "./page/sheet.ts";
import { pageStyle } from "./page/style.ts";
import { tabs } from "./page/tabs.ts";
import { style } from "./style.ts";

addStyle(style + pageStyle + playStyle);

/** What dist/app/measure.js exports (bench/measure.page.ts): the bench stands above this package's code, so it is a file of its own. */
interface MeasurePart {
  measure(panel: HTMLElement, hash: string, run: typeof runInWorker): void;
  runPeers(): Promise<object | null>;
}
const measurePart = async (): Promise<MeasurePart> => {
  const address = "/dist/app/measure.js";
  return (await import(address)) as MeasurePart;
};

/**
 * What fills a panel when it is first looked at, out of its address then: another tab may be seen when the code has come.
 * The bench has the GPU to itself, and the first load stays small.
 */
const parts: { readonly [panel: string]: (panel: HTMLElement, hash: string) => Promise<void> | void } = {
  play: (_panel, hash) => play(hash),
  train: async (panel, hash) => (await import("./page/train/train.ts")).train(panel, hash),
  understand: async (panel, hash) => (await import("./page/understand/understand.ts")).understand(panel, hash),
  score: async (panel, hash) => (await import("./page/score/score.ts")).score(panel, hash),
  trust: async (panel) => (await import("./page/trust/trust.ts")).trust(panel),
  measure: async (panel, hash) => (await measurePart()).measure(panel, hash, runInWorker),
};
const filled = new Map<string, Promise<void>>();
const failed = new Set<string>();
/** Fills a panel that is empty. */
function fill(name: string, hash: string): Promise<void> {
  const panel = byId(name);
  // a part that does not load says so, and is tried again when its tab is chosen again
  if (failed.delete(name)) panel.replaceChildren();
  const work = async (): Promise<void> => parts[name]?.(panel, hash);
  const filling =
    filled.get(name) ??
    work().catch((error: unknown) => {
      filled.delete(name);
      failed.add(name);
      panel.replaceChildren(`This part of the page did not load. ${String(error)}`);
    });
  filled.set(name, filling);
  return filling;
}

// the tab's address once was #bench; `?auto=1` runs the bench at once, for scripts: `benchReport` then holds its end, null after a failure
const isAuto = new URLSearchParams(location.search).get("auto") === "1";
if (location.hash === "#bench" || (isAuto && !location.hash)) history.replaceState(null, "", "#measure");
tabs(document.querySelector<HTMLElement>("[role=tablist]")!, (name, hash) => void fill(name, hash));
if (isAuto) {
  const report = fill("measure", location.hash)
    .then(measurePart)
    .then((part) => part.runPeers());
  Object.assign(globalThis, { benchReport: report.catch(() => null) });
}
pipelines();
const found = await showAdapter(byId("adapter"));
if (!found) byId<HTMLButtonElement>("start").disabled = true;
