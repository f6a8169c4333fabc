import { expect, test } from "vitest";
import { LatentError, type Code } from "../../src/formats/errors.ts";

/** A fault: what is wrong with the input, the call that meets it, and the error it must give. */
export type Fault = [title: string, call: () => unknown, code: Code, message: string];

/** One test per fault: the call throws a LatentError with exactly this code and message. */
export function refuses(faults: readonly Fault[]): void {
  test.each(faults)("%s is refused", (_title, call, code, message) => {
    const error = thrown(call);
    expect(error).toBeInstanceOf(LatentError);
    const { code: foundCode, message: foundMessage } = error as LatentError;
    expect({ code: foundCode, message: foundMessage }).toEqual({ code, message });
  });
}

/** What `call` throws; undefined if it returns. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What `call` throws, as refusals say it; rethrown if it is no LatentError, undefined if it returns. */
export function refusalOf(call: () => unknown): LatentError | undefined {
  const error = thrown(call);
  if (error !== undefined && !(error instanceof LatentError)) throw error;
  return error;
}
