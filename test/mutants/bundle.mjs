// bundle — a test file and all that it imports of the repository as one module, with changed texts, so that each mutant starts afresh.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
/** What tests get in place of two packages: this folder's runner, and a device that all of them share. */
const OWN = { vitest: "runner.mjs", webgpu: "device.mjs" };
const texts = new Map();

/** The module's text. `changed` maps absolute paths to texts. */
export async function bundled(file, changed) {
  const given = {
    name: "changed",
    setup(one) {
      one.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === "entry-point"
          ? null
          : { path: OWN[path] ? pathToFileURL(join(here, OWN[path])).href : path, external: true },
      );
      one.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!texts.has(path) && !changed.has(path)) texts.set(path, readFileSync(path, "utf8"));
        const text = changed.get(path) ?? texts.get(path);
        return { contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)), loader: "ts" };
      });
    },
  };
  const { outputFiles } = await build({
    entryPoints: [resolve(file)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    plugins: [given],
  });
  return outputFiles[0].text;
}
