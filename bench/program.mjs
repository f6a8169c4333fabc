// program — a TypeScript file of the bench as a module of Node, bundled inside the repository, so that its packages are found.

import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** Calls `use` with what `entry` exports. The bundle goes when that has ended. */
export async function withProgram(entry, use) {
  const folder = await mkdtemp(join(here, "../node_modules/.latentgpu-bench-"));
  try {
    const outfile = join(folder, "node.mjs");
    const target = { format: "esm", platform: "node", packages: "external", target: "es2022", logLevel: "silent" };
    await build({ entryPoints: [join(here, entry)], outfile, bundle: true, loader: { ".wgsl": "text" }, ...target });
    return await use(await import(pathToFileURL(outfile).href), folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
