import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { buildPackage, entries, single } from "./package.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = join(root, "dist");

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "none",
  logLevel: "warning",
};

/** Scripts of pages: every `*.page.ts` of src/app, bench and test/browser. */
export function pages() {
  return ["src/app", "bench", "test/browser"]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith(".page.ts"))
    .sort((a, b) => a.localeCompare(b));
}

/**
 * Bundles the pages' scripts: `src/app/demo.page.ts` becomes dist/app/demo.js. `files` narrows it to some of them.
 * Returns the addresses under which the server shows them.
 */
export async function buildPages(files = pages()) {
  if (files.length === 0) return [];
  const name = (file) => basename(file, ".page.ts");
  const entryPoints = Object.fromEntries(files.map((file) => [name(file), resolve(root, file)]));
  // peers that are compared with guess their platform from `process`
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const define = { "process.env.NODE_ENV": '"production"', LATENTGPU_VERSION: JSON.stringify(version) };
  const outdir = join(dist, "app");
  const loader = { ".wgsl": "text" };
  const settings = { ...common, loader, outdir, splitting: true, chunkNames: "parts/[name]-[hash]", platform: "browser", define }; // prettier-ignore
  // what a page imports when it is needed becomes a file of its own. Each page apart: in one build, what another page or worker uses
  // of src/index.ts would come with the first load of all
  await Promise.all(Object.entries(entryPoints).map((page) => build({ ...settings, entryPoints: Object.fromEntries([page]) }))); // prettier-ignore
  return files.map((file) => `/dist/app/${name(file)}.js`);
}

async function main() {
  await buildPackage(dist, { kept: ["bench", "bench-node"] });
  const scripts = await buildPages();
  const files = [...entries.map((name) => `${name}.js`), single].map((name) => relative(root, join(dist, name)));
  process.stdout.write(`built ${[...files, ...scripts.map((script) => script.slice(1))].join(", ")}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
