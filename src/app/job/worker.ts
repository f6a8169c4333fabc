/** This package's own workers: <name>.page.ts of src/app or bench, which the build writes to dist/app/<name>.js. */
const NAMES = ["worker", "score", "spectrum", "train", "speed"] as const;

/** Chrome calls the policy's function with the address; only this package's own workers are allowed. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const addressOf = (name: string): string => `/dist/app/${name}.js`;
let policy: { createScriptURL(url: string): string } | undefined;

/** A worker's name, and what a debugger shows. */
export interface WorkerName {
  readonly name: (typeof NAMES)[number];
  readonly title: string;
}

/** Starts one of the workers under the page's policy. `heard` hears its answers, `broke` what breaks it, in words. */
export function startWorker<Answer>(
  { name, title }: WorkerName,
  heard: (answer: Answer) => void,
  broke: (message: string) => void,
): Worker {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  policy ??= trustedTypes?.createPolicy("latentgpu", {
    createScriptURL: (url) => {
      const addresses = NAMES.map(addressOf);
      if (addresses.includes(url)) return url;
      throw new TypeError(`worker: unexpected address. Expected ${addresses.join(" or ")}; got ${url}.`);
    },
  });
  const address = addressOf(name);
  const worker = new Worker(policy?.createScriptURL(address) ?? address, { type: "module", name: title });
  worker.onmessage = ({ data }: MessageEvent<Answer>) => heard(data);
  worker.onerror = ({ message }) => broke(`worker: ${message || `${address} did not load. Load the page again.`}`);
  return worker;
}

/** Ends a run in a worker: with its result, or with an error by name and message. */
export interface RunEnd<Result> {
  accept(result: Result): void;
  reject(error: { readonly name: string; readonly message: string }): void;
}

/** A run in a worker of its own. */
export interface WorkerRun<Result> {
  /** Rejects with the worker's error, or with an AbortError after stop(). */
  readonly result: Promise<Result>;
  /** Asks the worker to end at its next step; one that does not answer within `patience` milliseconds is ended. */
  stop(patience?: number): void;
}

/** Asks a fresh worker for one run; the worker is ended with it. `heard` hears the answers and ends the run. */
export function runInWorker<Answer, Result>(
  worker: WorkerName,
  request: unknown,
  heard: (answer: Answer, end: RunEnd<Result>) => void,
): WorkerRun<Result> {
  let accept!: (value: Result) => void;
  let reject!: (error: Error) => void;
  const result = new Promise<Result>((...ends) => ([accept, reject] = ends));
  const end: RunEnd<Result> = {
    accept,
    reject: ({ name, message }) => reject(Object.assign(new Error(message), { name })),
  };
  const started = startWorker<Answer>(
    worker,
    (answer) => heard(answer, end),
    (message) => end.reject({ name: "Error", message }),
  );
  const terminate = (): void => started.terminate();
  result.then(terminate, terminate);
  started.postMessage(request);
  return {
    result,
    stop(patience = 3000) {
      started.postMessage("stop");
      setTimeout(() => end.reject({ name: "AbortError", message: "The run was stopped." }), patience);
    },
  };
}
