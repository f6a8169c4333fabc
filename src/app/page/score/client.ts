import { startWorker } from "../../job/worker.ts";
import type { ScoreAnswer, ScoreRequest } from "./messages.ts";

/** A run in the worker. */
export interface RunningScore {
  /** Rejects with the worker's error, or with an AbortError after stop(). */
  readonly done: Promise<void>;
  /** Asks the worker to end at its next step; one that does not answer within `patience` milliseconds is ended. */
  stop(patience?: number): void;
}

/** Scores in a worker, so that the page stays awake. */
export function startScore(request: ScoreRequest, listener: (answer: ScoreAnswer) => void): RunningScore {
  const worker = startWorker("score", "latentgpu score");
  let fail: (name: string, message: string) => void = () => {};
  const done = new Promise<void>((accept, reject) => {
    fail = (name, message) => reject(Object.assign(new Error(message), { name }));
    worker.onmessage = ({ data }: MessageEvent<ScoreAnswer>) => {
      if (data.kind === "done") accept();
      else if (data.kind === "error") fail(data.name, data.message);
      else listener(data);
    };
    worker.onerror = (event) => fail("Error", `score: ${event.message || "its worker did not load"}`);
    worker.postMessage(request);
  });
  const end = (): void => worker.terminate();
  done.then(end, end);
  return {
    done,
    stop(patience = 3000) {
      worker.postMessage("stop");
      setTimeout(() => fail("AbortError", "Scoring was stopped."), patience);
    },
  };
}
