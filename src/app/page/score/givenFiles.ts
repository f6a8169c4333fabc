import { check, LatentError, quote } from "../../../formats/errors.ts";
import type { Files } from "../../command/files.ts";

/** Most bytes of one file: what a page reads at once. */
const MOST_BYTES = 2 ** 31 - 1;

/** Files that a page was given, by path with "/" between the parts. */
export function givenFiles(files: ReadonlyMap<string, File>): Files {
  const fileAt = (where: string, path: string): File => {
    const file = files.get(path);
    check(file !== undefined, "argument", where, () => `cannot read ${quote(path, 300)}. No such file was given.`);
    return file;
  };
  const within = (folder: string): string[] =>
    [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  return {
    join: (folder, name) => `${folder}/${name}`,
    async kindOf(where, path) {
      if (within(path).length > 0) return "folder";
      fileAt(where, path);
      return "file";
    },
    async bytes(where, path, most = MOST_BYTES) {
      const file = fileAt(where, path);
      check(
        file.size <= most,
        "limit",
        `${where} ${path}`,
        () => `file is too large. Expected at most ${most} bytes; got ${file.size}.`,
      );
      const bytes = await file.arrayBuffer().catch((cause: unknown) => {
        throw new LatentError("argument", `${where}: cannot read ${quote(path, 300)}. ${(cause as Error).message}`, {
          cause,
        });
      });
      return new Uint8Array(bytes);
    },
    async names(folder, recursive) {
      return within(folder).filter((name) => recursive || !name.includes("/"));
    },
  };
}
