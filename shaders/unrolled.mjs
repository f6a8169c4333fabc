// unrolled — what the scripts that write unrolled kernels share.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** 0 … n − 1. */
export const range = (n) => [...Array(n).keys()];

/** Statements on lines of their own; `indent` in spaces. */
export const lines = (indent, items) => items.map((item) => " ".repeat(indent) + item).join("\n");

/** Writes `files`, texts by their names below this folder; with --check, exits with 1 where a committed one differs. */
export function write(files) {
  const script = basename(process.argv[1]);
  for (const [file, text] of Object.entries(files)) {
    const path = join(here, file);
    if (!process.argv.includes("--check")) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
      console.error(`shaders/${file}: differs from what ${script} writes. Run npm run fix.`);
      process.exitCode = 1;
    }
  }
}
