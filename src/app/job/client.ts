import type { Preset, Report } from "../report.ts";
import type { JobEvent, Listener } from "./events.ts";
import type { Settings } from "./settings.ts";
import { startWorker } from "./worker.ts";

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
export type Answer =
  | { kind: "event"; event: JobEvent }
  | { kind: "report"; report: Report }
  | { kind: "error"; name: string; message: string };

export interface RunningJob {
  /** Rejects with an AbortError after stop(). */
  report: Promise<Report>;
  /** Asks the job to end at its next step; a worker that does not answer is ended after `patience` milliseconds. */
  stop: (patience?: number) => void;
}

/** Runs the job in a worker, so that the page stays awake. */
export function startJob(request: JobRequest, listener: Listener): RunningJob {
  const worker = startWorker("worker", "latentgpu job");
  let stop: RunningJob["stop"] = () => {};
  const report = new Promise<Report>((accept, reject) => {
    const fail = (name: string, message: string): void => reject(Object.assign(new Error(message), { name }));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.kind === "event") listener(data.event);
      else if (data.kind === "report") accept(data.report);
      else fail(data.name, data.message);
    };
    worker.onerror = (event) => fail("Error", `worker: ${event.message || "its script did not load"}`);
    stop = (patience = 3000) => {
      worker.postMessage("stop");
      setTimeout(() => fail("AbortError", "The job was stopped."), patience);
    };
    worker.postMessage(request);
  });
  const end = (): void => worker.terminate();
  report.then(end, end);
  return { report, stop: (patience) => stop(patience) };
}
