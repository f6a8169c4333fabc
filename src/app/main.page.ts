// The page that `npm start` serves: models to play with, one to train, the job live, the bench, and the adapter.
import { showAdapter } from "./page/adapter.ts";
import { bench } from "./page/bench.ts";
import { byId } from "./page/download.ts";
import { pipelines } from "./page/pipelines.ts";
import { play } from "./page/play/play.ts";
import { playStyle } from "./page/play/style.ts";
import { pageStyle } from "./page/style.ts";
import { tabs } from "./page/tabs.ts";
import { style } from "./style.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(style + pageStyle + playStyle);
document.adoptedStyleSheets = [sheet];

let played = false;
tabs(document.querySelector<HTMLElement>("[role=tablist]")!, (panel) => {
  // its models load when they are first looked at: the bench has the GPU to itself
  if (panel === "play" && !played) {
    played = true;
    play();
  }
  if (panel === "train") void import("./page/train/train.ts").then(({ train }) => train(byId("train")));
});
pipelines();
bench();
const found = await showAdapter(byId("adapter"));
if (!found) for (const id of ["start", "bench-start"]) byId<HTMLButtonElement>(id).disabled = true;
