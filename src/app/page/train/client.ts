import { startWorker } from "../../job/worker.ts";
import type { Answer, Request } from "../../train/messages.ts";

/** The worker that trains. */
export interface Trainer {
  ask(request: Request): void;
}

/** Starts the worker and gives it the canvases with these names. `heard` hears its answers, and what breaks it. */
export function startTrainer(canvases: readonly HTMLCanvasElement[], heard: (answer: Answer) => void): Trainer {
  const worker = startWorker<Answer>({ name: "train", title: "latentgpu training" }, heard, (message) =>
    heard({ kind: "error", message }),
  );
  const [samples, originals, reconstructions] = canvases.map((canvas) => canvas.transferControlToOffscreen());
  const given = { samples: samples!, originals: originals!, reconstructions: reconstructions! };
  worker.postMessage({ kind: "canvases", canvases: given } satisfies Request, Object.values(given));
  return { ask: (request) => worker.postMessage(request) };
}
