import type { Preset, Report } from "../report.ts";
import type { JobEvent, Listener } from "./events.ts";
import type { Failure } from "./serve.ts";
import type { Settings } from "./settings.ts";
import { runInWorker, type WorkerRun } from "./worker.ts";

/** What a page asks of the worker. Without a preset a software adapter gets "quick", a real GPU "full". */
export interface JobRequest {
  preset?: Preset;
  seed: number;
  /** Address of the folder with MNIST's four files. */
  mnist: string;
  /** Other settings than the preset's, for tests. */
  settings?: Partial<Settings>;
}

/** What the worker answers. */
export type Answer = { kind: "event"; event: JobEvent } | { kind: "report"; report: Report } | Failure;

/** Runs the job in a worker, so that the page stays awake. */
export const startJob = (request: JobRequest, listener: Listener): WorkerRun<Report> =>
  runInWorker<Answer, Report>({ name: "worker", title: "latentgpu job" }, request, (answer, end) => {
    if (answer.kind === "event") listener(answer.event);
    else if (answer.kind === "report") end.accept(answer.report);
    else end.reject(answer);
  });
