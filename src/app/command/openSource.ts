import { stat } from "node:fs/promises";
import { arraySource } from "./arrays.ts";
import { bytesOf, missing } from "./file.ts";
import { folderSource } from "./folder.ts";
import type { Reading, Source } from "./source.ts";

/** What stands at a path: a folder of images, or a file of arrays. Throws LatentError as the readers do, with the file's name. */
export async function sourceOf(where: string, path: string, reading: Reading): Promise<Source> {
  const found = await stat(path).catch((cause: unknown) => missing(where, path, cause));
  return found.isDirectory()
    ? folderSource(where, path, reading)
    : arraySource(where, path, await bytesOf(where, path), reading);
}
