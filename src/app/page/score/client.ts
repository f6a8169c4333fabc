import { runInWorker, type WorkerRun } from "../../job/worker.ts";
import type { ScoreAnswer, ScoreRequest } from "./messages.ts";

/** Scores in a worker, so that the page stays awake. */
export const startScore = (request: ScoreRequest, listener: (answer: ScoreAnswer) => void): WorkerRun<void> =>
  runInWorker<ScoreAnswer, void>({ name: "score", title: "latentgpu score" }, request, (answer, end) => {
    if (answer.kind === "done") end.accept();
    else if (answer.kind === "error") end.reject(answer);
    else listener(answer);
  });
