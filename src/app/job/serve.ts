/** How a run in a worker went wrong, as a message can carry it. */
export interface Failure {
  readonly kind: "error";
  readonly name: string;
  readonly message: string;
}

/**
 * In a worker: answers one request of `runInWorker`. "stop" aborts the signal, with `stopped` as its words; what `run` throws is answered as a
 * Failure.
 */
export function serveRun<Request extends object>(
  stopped: string,
  run: (request: Request, signal: AbortSignal) => Promise<void>,
): void {
  const controller = new AbortController();
  addEventListener("message", ({ data }: MessageEvent<Request | "stop">) => {
    if (data === "stop") return controller.abort(new DOMException(stopped, "AbortError"));
    run(data, controller.signal).catch((error: unknown) => {
      const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
      postMessage({ kind: "error", name, message } satisfies Failure);
    });
  });
}
