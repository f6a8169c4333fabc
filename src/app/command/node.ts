import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { check, LatentError, quote } from "../../formats/errors.ts";
import type { Gpu } from "../../index.ts";
import { openNodeGpu } from "../../node.ts";
import type { Files } from "./files.ts";
import { pollOnceAMillisecond } from "./poll.ts";

/** Most bytes of one file: what Node reads at once. */
const MOST_BYTES = 2 ** 31 - 1;

const missing = (where: string, path: string, cause: unknown): never => {
  throw new LatentError("argument", `${where}: cannot read ${quote(path, 300)}. ${(cause as Error).message}`, {
    cause,
  });
};

/** The file system. */
export const nodeFiles: Files = {
  join,
  async kindOf(where, path) {
    const found = await stat(path).catch((cause: unknown) => missing(where, path, cause));
    return found.isDirectory() ? "folder" : "file";
  },
  async bytes(where, path, most = MOST_BYTES) {
    const found = await stat(path).catch((cause: unknown) => missing(where, path, cause));
    check(
      found.size <= most,
      "limit",
      `${where} ${path}`,
      () => `file is too large. Expected at most ${most} bytes; got ${found.size}.`,
    );
    return readFile(path).catch((cause: unknown) => missing(where, path, cause));
  },
  async names(folder, recursive) {
    const entries = await readdir(folder, { recursive, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  },
};

/** An engine on Dawn: a real GPU first. */
export function openDawn(): Promise<Gpu> {
  pollOnceAMillisecond();
  return openNodeGpu();
}
