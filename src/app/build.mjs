import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = join(root, "dist");

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  sourcemap: true,
  legalComments: "none",
  logLevel: "warning",
};

/** The package's entry points that exist: src/index.ts and src/node.ts. */
function entries() {
  return ["src/index.ts", "src/node.ts"].map((file) => join(root, file)).filter((file) => existsSync(file));
}

/**
 * Bundles dist/index.js and dist/node.js. What both need lies in a shared file, so that there is one LatentError and
 * one Tensor whichever entry a program imports. `webgpu` stays outside: it is the user's to install.
 */
export async function buildModules() {
  for (const name of existsSync(dist) ? readdirSync(dist) : []) {
    if (name.startsWith("shared-")) rmSync(join(dist, name)); // they carry a hash: old ones would pile up
  }
  const entryPoints = entries();
  if (entryPoints.length === 0) return;
  const { metafile } = await build({
    ...common,
    entryPoints,
    outdir: dist,
    splitting: true,
    chunkNames: "shared-[hash]",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["webgpu", "node:*"],
    metafile: true,
  });
  writeFileSync(join(dist, "licences.txt"), licences(metafile));
}

/** The licences of the packages that the bundles contain. */
function licences({ inputs }) {
  const found = Object.keys(inputs).map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(found.filter(Boolean))].map((name) => `${name}\n\n${licence(name)}\n`).join("\n");
}

function licence(name) {
  const folder = join(root, "node_modules", name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`build: ${name} is bundled and has no licence file.`);
  return readFileSync(join(folder, file), "utf8").trim();
}

/** Writes dist/**.d.ts for what the entry points reach. Throws with the compiler's messages if types do not hold. */
export async function buildTypes() {
  const { default: ts } = await import("typescript");
  const read = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, root);
  const declarations = { noEmit: false, declaration: true, emitDeclarationOnly: true };
  const program = ts.createProgram(entries(), {
    ...options,
    ...declarations,
    rootDir: join(root, "src"),
    outDir: dist,
  });
  const writeFile = (file, text) => {
    // the sources import "./x.ts"; beside a bundle, types must say "./x.js"
    const renamed = text.replace(/(["'])(\.{1,2}\/[^"'\n]+)\.ts\1/g, "$1$2.js$1");
    const header = dirname(file) === dist ? '/// <reference types="@webgpu/types" />\n' : "";
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, header + renamed);
  };
  const { diagnostics } = program.emit(undefined, writeFile);
  const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (all.length === 0) return;
  const host = { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => "\n" };
  throw new Error(`build: types do not hold.\n${ts.formatDiagnostics(all, host)}`);
}

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
  await build({ ...common, entryPoints, outdir: join(dist, "app"), platform: "browser", define });
  return files.map((file) => `/dist/app/${name(file)}.js`);
}

async function main() {
  rmSync(dist, { recursive: true, force: true });
  await buildModules();
  await buildTypes();
  const scripts = await buildPages();
  const modules = existsSync(dist) ? readdirSync(dist).filter((file) => file.endsWith(".js")) : [];
  const written = [
    ...modules.map((file) => relative(root, join(dist, file))),
    ...scripts.map((script) => script.slice(1)),
  ];
  process.stdout.write(`built ${written.join(", ")}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
