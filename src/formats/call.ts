import { check, checkOptions, named } from "./errors.ts";

/** What every long call takes. */
export interface LongCall {
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: ((progress: CallProgress) => void) | undefined;
}

/** How far a long call is. */
export interface CallProgress {
  /** Steps done. */
  readonly step: number;
  /** Steps in all. */
  readonly total: number;
  /** Seconds since the call began. */
  readonly seconds: number;
  /** Seconds still to go, at the pace so far; 0 where nothing is done yet. */
  readonly eta: number;
}

/** How far a call is that began at `begin` (performance.now()) and has done `done` of its steps since. */
export function progressOf(begin: number, step: number, total: number, done = step): CallProgress {
  const seconds = (performance.now() - begin) / 1000;
  return { step, total, seconds, eta: done > 0 ? (seconds * Math.max(0, total - step)) / done : 0 };
}

/** LongCall as callers pass it, before checkCall. */
interface Call {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: unknown;
}

/** Throws LatentError("argument") unless a given signal is an AbortSignal. Throws an aborted one's reason. */
export function checkSignal(where: string, signal: AbortSignal | undefined): void {
  const isSignal =
    typeof signal === "object" &&
    signal !== null &&
    typeof signal.throwIfAborted === "function" &&
    typeof signal.addEventListener === "function";
  check(signal === undefined || isSignal, "argument", where, () => {
    const remedy = "Give the signal of an AbortController: { signal: controller.signal }.";
    return `expected signal to be an AbortSignal; got ${named(signal)}. ${remedy}`;
  });
  signal?.throwIfAborted();
}

/** The signal of options that hold nothing else. Throws as `checkSignal` does, and LatentError("argument") on another option. */
export function signalOf(
  where: string,
  options: { readonly signal?: AbortSignal | undefined },
): AbortSignal | undefined {
  checkOptions(where, options, ["signal"]);
  checkSignal(where, options.signal);
  return options.signal;
}

/** Throws as `checkSignal` does, and LatentError("argument") unless a given `onProgress` is a function. */
export function checkCall(where: string, { signal, onProgress }: Call): void {
  checkSignal(where, signal);
  check(
    onProgress === undefined || typeof onProgress === "function",
    "argument",
    where,
    () => `expected onProgress to be a function of { step, total, seconds, eta }; got ${named(onProgress)}.`,
  );
}

/** Settles with `work`, or rejects with the signal's reason as soon as it aborts; what `work` does then is ignored. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
  // whichever loses the race may still reject
  work.catch(() => {});
  aborted.catch(() => {});
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}

/** `abortable` for what is to be disposed: if the signal aborts while it is on its way, it is, when it arrives. */
export async function madeUnless<T extends { dispose(): void }>(
  signal: AbortSignal | undefined,
  promise: Promise<T>,
): Promise<T> {
  return abortable(
    promise.then((result) => {
      if (!signal?.aborted) return result;
      result.dispose();
      throw signal.reason;
    }),
    signal,
  );
}

/** Resolves in the next task, also in a hidden page, where timers are delayed. Long work on the CPU awaits it, so that aborts are heard and the page draws. */
export const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
