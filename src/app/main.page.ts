// The page that `npm start` serves: the adapter, the job live, and the bench.
import { showAdapter } from "./page/adapter.ts";
import { bench } from "./page/bench.ts";
import { byId } from "./page/download.ts";
import { pipelines } from "./page/pipelines.ts";
import { pageStyle } from "./page/style.ts";
import { tabs } from "./page/tabs.ts";
import { style } from "./style.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(style + pageStyle);
document.adoptedStyleSheets = [sheet];

tabs(document.querySelector<HTMLElement>("[role=tablist]")!);
pipelines();
bench();
const found = await showAdapter(byId("adapter"));
if (!found) for (const id of ["start", "bench-start"]) byId<HTMLButtonElement>(id).disabled = true;
