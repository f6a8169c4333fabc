// The page that `npm start` serves: models to play with, one to train, the job live, the bench, and the adapter.
import { showAdapter } from "./page/adapter.ts";
import { bench } from "./page/bench.ts";
import { byId } from "./page/download.ts";
import { pipelines } from "./page/pipelines.ts";
import { play } from "./page/play/play.ts";
import { playStyle } from "./page/play/style.ts";
import { addStyle } from "./page/sheet.ts";
import { pageStyle } from "./page/style.ts";
import { tabs } from "./page/tabs.ts";
import { style } from "./style.ts";

addStyle(style + pageStyle + playStyle);

/**
 * What fills a panel when it is first looked at, out of its address then: another tab may be seen when the code has come.
 * The bench has the GPU to itself, and the first load stays small.
 */
const parts: { readonly [panel: string]: (panel: HTMLElement, hash: string) => Promise<void> | void } = {
  play: (_panel, hash) => play(hash),
  train: async (panel, hash) => (await import("./page/train/train.ts")).train(panel, hash),
  score: async (panel, hash) => (await import("./page/score/score.ts")).score(panel, hash),
  trust: async (panel) => (await import("./page/trust/trust.ts")).trust(panel),
};
const filled = new Set<string>();
const failed = new Set<string>();
tabs(document.querySelector<HTMLElement>("[role=tablist]")!, (name, hash) => {
  if (filled.has(name)) return;
  filled.add(name);
  const panel = byId(name);
  // a part that does not load says so, and is tried again when its tab is chosen again
  if (failed.delete(name)) panel.replaceChildren();
  Promise.resolve(parts[name]?.(panel, hash)).catch((error: unknown) => {
    filled.delete(name);
    failed.add(name);
    panel.replaceChildren(`This part of the page did not load. ${String(error)}`);
  });
});
pipelines();
bench();
const found = await showAdapter(byId("adapter"));
if (!found) for (const id of ["start", "bench-start"]) byId<HTMLButtonElement>(id).disabled = true;
