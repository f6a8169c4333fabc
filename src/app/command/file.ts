import { readFile, stat } from "node:fs/promises";
import { check, LatentError, quote } from "../../formats/errors.ts";

/** Most bytes of one file: what Node reads at once. */
const MOST_BYTES = 2 ** 31 - 1;

/** All bytes of a file. Throws LatentError: "argument" where there is none, "limit" where it is too large. */
export async function bytesOf(where: string, path: string, most = MOST_BYTES): Promise<Uint8Array> {
  const found = await stat(path).catch((cause: unknown) => missing(where, path, cause));
  check(
    found.size <= most,
    "limit",
    `${where} ${path}`,
    () => `file is too large. Expected at most ${most} bytes; got ${found.size}.`,
  );
  return readFile(path).catch((cause: unknown) => missing(where, path, cause));
}

/** Throws: nothing can be read at `path`. */
export const missing = (where: string, path: string, cause: unknown): never => {
  throw new LatentError("argument", `${where}: cannot read ${quote(path, 300)}. ${(cause as Error).message}`, {
    cause,
  });
};
