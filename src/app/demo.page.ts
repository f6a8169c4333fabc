// The demo inside the headless browser: runs the job and returns the report, its page and its table to demo.mjs.
import { startJob, type JobRequest } from "./job/client.ts";
import type { JobEvent } from "./job/events.ts";
import type { WorkerRun } from "./job/worker.ts";
import type { Report } from "./report.ts";
import { reportPage } from "./report/page.ts";
import { textTable } from "./report/table.ts";

let running: WorkerRun<Report> | undefined;

/** Called by demo.mjs through the browser's remote control; it exposes `tell`. */
Object.assign(globalThis, {
  async demo(request: JobRequest) {
    const { tell } = globalThis as unknown as { tell(event: JobEvent): Promise<void> };
    running = startJob(request, (event) => {
      // pictures come with the report; the terminal shows none
      if (event.kind !== "picture" && event.kind !== "curve") void tell(event);
    });
    const report = await running.result;
    return { report, html: await reportPage(report), table: textTable(report) };
  },
  stop: () => running?.stop(),
});
