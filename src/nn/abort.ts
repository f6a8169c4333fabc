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

/** The same for what is to be disposed: if the signal aborts while it is on its way, it is, when it arrives. */
export async function madeUnless<T extends { dispose(): void }>(
  signal: AbortSignal | undefined,
  made: Promise<T>,
): Promise<T> {
  return abortable(
    made.then((result) => {
      if (!signal?.aborted) return result;
      result.dispose();
      throw signal.reason;
    }),
    signal,
  );
}
