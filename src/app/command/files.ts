/** Where inputs are read from: the file system, or files that a page was given. */
export interface Files {
  /** What stands at a path. Throws LatentError("argument") where nothing does. */
  kindOf(where: string, path: string): Promise<"file" | "folder">;
  /** All bytes of a file. Throws LatentError: "argument" where there is none, "limit" where it has more than `most`. */
  bytes(where: string, path: string, most?: number): Promise<Uint8Array>;
  /** Names of the files in a folder; with `recursive` also of those in folders within it, by their path from there. */
  names(folder: string, recursive: boolean): Promise<readonly string[]>;
  /** The path of a name in a folder. */
  join(folder: string, name: string): string;
}
