import { abortable } from "../formats/call.ts";

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
