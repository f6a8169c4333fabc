import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./setup.mjs";

/** Bundles the bench for the page into dist/bench. The bench stands above this package's code, so it builds itself. */
export const buildPageBench = () => promisify(execFile)(process.execPath, [join(root, "bench/build.mjs")]);
