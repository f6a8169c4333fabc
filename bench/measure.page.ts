// The part of the page that measures; it loads when its tab is chosen. The bench stands above the page's code, which names only its file.

import type { runInWorker } from "../src/app/job/worker.ts";
import { fill, type RunPeers } from "./measure/panel.ts";

let start: RunPeers | undefined;

/** Fills the panel; `run` starts workers under the page's policy, of which there is one. */
export function measure(panel: HTMLElement, hash: string, run: typeof runInWorker): void {
  start = fill(panel, hash, run);
}

/** Runs the bench beside its peers once the panel is filled. */
export const runPeers: RunPeers = async () => (start ? start() : null);
