// Bundles of the bench: one file per engine, so that each loads when its turn comes, and one of the bench itself.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** The engines and the file that drives each. */
export const ENGINES = {
  latentgpu: "engines/latentgpu.ts",
  "jax-js": "engines/jax.ts",
  tfjs: "engines/tfjs.ts",
  ort: "engines/ort.ts",
};

const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  loader: { ".wgsl": "text", ".wasm": "file" },
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "silent",
};

/**
 * Bundles `entry` (page.ts or node.ts) and the engines into `folder`. Returns each engine with the reason why it could not be
 * bundled, if so: a package that is not there, say.
 */
export async function buildBench(entry, engines, folder, options = {}) {
  const bundle = (name, file) =>
    build({ ...common, ...options, entryPoints: { [name]: join(here, file) }, outdir: folder });
  await bundle(entry.replace(/\.ts$/, ""), entry);
  return Promise.all(
    engines.map(async (name) => {
      try {
        await bundle(name, ENGINES[name]);
        return { name };
      } catch (error) {
        return { name, error: `${name} could not be bundled: ${error.errors?.[0]?.text ?? error.message}` };
      }
    }),
  );
}

/** Copies the reports among `from`'s files to `folder`/results, and lists them in `folder`/results.json. Returns their names. */
export async function copyReports(folder, from = join(here, "results")) {
  const place = join(folder, "results");
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  const reports = [];
  for (const file of (await readdir(from)).filter((name) => name.endsWith(".json")).sort()) {
    const text = await readFile(join(from, file), "utf8");
    if (JSON.parse(text).bench !== "latentgpu") continue;
    await writeFile(join(place, file), text);
    reports.push(file);
  }
  await writeFile(join(folder, "results.json"), JSON.stringify(reports));
  return reports;
}

/** For the page that `npm start` serves: dist/bench, with engines.json that lists the engines, and the reports that are kept. */
async function main() {
  const folder = join(here, "../dist/bench");
  const engines = await buildBench("page.ts", Object.keys(ENGINES), folder, { minify: true });
  await writeFile(join(folder, "engines.json"), JSON.stringify(engines));
  await copyReports(folder);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
