import { zipSync, type Zippable } from "fflate";
import { check, quote } from "./errors.ts";
import { isPlain, maxEntries } from "./zip.ts";

/**
 * An archive of `files` in the order given; the same files give the same bytes, on any day and in any time zone.
 * Throws LatentError: "argument" on a name that is a path, "limit" on what only zip64 could hold.
 */
export function writeZip(files: Map<string, Uint8Array>, compressed: boolean, where: string): Uint8Array<ArrayBuffer> {
  check(
    files.size <= maxEntries,
    "limit",
    where,
    () => `too many entries. Expected at most ${maxEntries}; got ${files.size}.`,
  );
  let bytes = 0;
  for (const [name, content] of files) {
    check(
      isPlain(name),
      "argument",
      where,
      () => `an entry's name is a path. Expected a plain name; got ${quote(name)}.`,
    );
    bytes += content.length + 2 * name.length + 100;
  }
  check(
    bytes < 0xffffffff,
    "limit",
    where,
    () => `archive is too large. Expected less than 4 GiB; got ${bytes} bytes.`,
  );
  // fflate writes the local clock's fields, so a local date gives the same bytes in every zone
  const options = { level: compressed ? 6 : 0, mtime: new Date(1980, 0, 1), os: 0 } as const;
  const zippable: Zippable = Object.fromEntries([...files].map(([name, content]) => [name, [content, options]]));
  return zipSync(zippable);
}
