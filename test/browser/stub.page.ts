// Stands in for the job's worker: tells a made-up run, then answers with a made-up report; "stop" ends it.
import type { Answer } from "../../src/app/job/client.ts";
import type { Progress } from "../../src/app/job/events.ts";
import { fixture } from "../app/fixture.ts";

const hostile = `<img src=x onerror="document.title='broken'">`;
const answer = (message: Answer): void => postMessage(message);
let stopped = false;

const at = (stage: string, step: number): Progress => ({
  stage,
  step,
  total: 4,
  status: `loss ${hostile}`,
  seconds: step,
  eta: 4 - step,
  done: step / 8,
  left: 8 - step,
});

addEventListener("message", ({ data }: MessageEvent<{ seed: number } | "stop">) => {
  if (data === "stop") {
    stopped = true;
    return answer({ kind: "error", name: "AbortError", message: "The job was stopped." });
  }
  const report = fixture(hostile);
  answer({
    kind: "event",
    event: {
      kind: "start",
      preset: "quick",
      seed: data.seed,
      adapter: report.adapter,
      stages: [
        { key: "one", title: hostile, weight: 1 },
        { key: "two", title: "Second stage", weight: 1 },
      ],
    },
  });
  answer({ kind: "event", event: { kind: "progress", progress: at("one", 2) } });
  answer({ kind: "event", event: { kind: "floor", floor: report.floor } });
  for (const model of report.models) answer({ kind: "event", event: { kind: "model", model } });
  for (const curve of report.curves) answer({ kind: "event", event: { kind: "curve", curve } });
  for (const picture of report.pictures) answer({ kind: "event", event: { kind: "picture", picture } });
  // seed 2 stays in the middle of the run, seed 3 fails
  if (data.seed === 3) return answer({ kind: "error", name: "LatentError", message: `job: ${hostile}` });
  if (data.seed === 2) return answer({ kind: "event", event: { kind: "progress", progress: at("two", 1) } });
  answer({ kind: "event", event: { kind: "done", stage: "one", seconds: 2, result: hostile } });
  if (!stopped) answer({ kind: "report", report });
});
