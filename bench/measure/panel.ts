// The tab Measure: committed results, this device among them, peers on request, two reports compared.

import type { runInWorker } from "../../src/app/job/worker.ts";
import { ignoreMissedDrops } from "../../src/app/page/drop.ts";
import { panelAddress } from "../../src/app/page/panelAddress.ts";
import { addStyle } from "../../src/app/page/sheet.ts";
import { element, h } from "../../src/app/report/markup.ts";
import type { Report } from "../report.ts";
import { roofline } from "../roofline.ts";
import { addressOf, parseAddress } from "./address.ts";
import { committed } from "./committed.ts";
import { compareFiles } from "./files.ts";
import { peers } from "./peers.ts";
import { picture } from "./picture.ts";
import type { Shown } from "./rows.ts";
import { speed } from "./speed.ts";
import { measureStyle } from "./style.ts";

/** Runs the whole bench as the field says: the report, or null after a failure. */
export type RunPeers = () => Promise<Report | null>;

/** Fills the panel; `hash` is its address, and `run` starts the page's workers. */
export function fill(panel: HTMLElement, hash: string, run: typeof runInWorker): RunPeers {
  addStyle(measureStyle);
  ignoreMissedDrops();
  let shown: readonly Shown[] = [];
  /** Reports of before stay; what is measured here comes last. */
  const add = (reports: readonly Report[], isOwn: boolean): void => {
    const own = shown.filter((one) => one.isOwn);
    const others = shown.filter((one) => !one.isOwn);
    const added = reports.map((report) => ({ report, isOwn }));
    shown = isOwn ? [...others, ...own, ...added] : [...others, ...added, ...own];
    view.show(shown);
  };
  const parts = ["speed", "dots", "roofline", "peers", "compare"].map((name) =>
    element(h("div", { class: name === "roofline" ? "plots" : "" })),
  ) as HTMLElement[];
  panel.append(...parts);
  const [top, dots, roof, beside, two] = parts as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  const view = picture(dots, parseAddress(hash), () => address.write());
  const address = panelAddress(panel, () => addressOf(view.choices()));
  speed(top, run, (report) => {
    add([report], true);
    roof.replaceChildren(element(roofline(report)));
  });
  const start = peers(beside, (report) => add([report], true));
  compareFiles(two);
  committed().then(
    (reports) => (reports.length > 0 ? add(reports, false) : view.refuse("No results come with this page.")),
    (error: unknown) => view.refuse(`The committed results did not load: ${error instanceof Error ? error.message : String(error)}`), // prettier-ignore
  );
  return start;
}
