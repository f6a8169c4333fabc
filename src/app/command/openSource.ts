import { arraySource } from "./arrays.ts";
import type { Files } from "./files.ts";
import { folderSource } from "./folder.ts";
import type { Reading, Source } from "./source.ts";

/** What stands at a path: a folder of images, or a file of arrays. Throws LatentError as the readers do, with the file's name. */
export async function sourceOf(where: string, files: Files, path: string, reading: Reading): Promise<Source> {
  return (await files.kindOf(where, path)) === "folder"
    ? folderSource(where, files, path, reading)
    : arraySource(where, path, await files.bytes(where, path), reading);
}
