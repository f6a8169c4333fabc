// package — what npm delivers, written into a folder: one file a module with its types, and one minified file for pages without
// a bundler.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { declarations } from "./declarations.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const source = join(root, "src");

/** The entry points: src/index.ts and what else may be imported by name. */
export const entries = ["index", "node", "formats"];
/** The program behind `npx latentgpu`: one file beside the modules, which it imports. */
const command = { source: join(source, "app", "command", "main.ts"), name: "command.js" };
/** The one file for <script type="module">. */
export const single = "latentgpu.min.js";

const posix = (path) => path.split(sep).join("/");
const settings = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  legalComments: "inline",
  logLevel: "warning",
};

/** Every module of src/ that the entry points reach, and the packages that these import. */
async function reached() {
  const entryPoints = [...entries.map((name) => join(source, `${name}.ts`)), command.source];
  const external = ["webgpu", "jpeg-js", "node:*"];
  const { metafile } = await build({
    ...settings,
    entryPoints,
    external,
    outdir: "out",
    write: false,
    metafile: true,
    treeShaking: false,
  });
  const files = Object.keys(metafile.inputs).map((file) => resolve(root, file));
  const isModule = (file) => file.startsWith(source + sep) && !file.startsWith(dirname(command.source) + sep);
  const modules = files.filter(isModule);
  const packages = new Set();
  for (const [file, { imports }] of Object.entries(metafile.inputs))
    if (file.startsWith("src/"))
      for (const { original, path } of imports) if (path.startsWith("node_modules/")) packages.add(original);
  return { modules, packages: [...packages] };
}

/**
 * Writes each module as a file of its own, so that a bundler takes what a program uses and nothing else. A package that they
 * import becomes one file beside them, cut down to what is used: users install nothing more.
 */
async function writeModules(outdir) {
  const { modules, packages } = await reached();
  const used = new Map(packages.map((name) => [name, new Set()]));
  for (const file of modules)
    for (const [, names, from] of readFileSync(file, "utf8").matchAll(/^import \{([^}]*)\} from "([^".][^"]*)";/gm))
      for (const name of names.split(",").map((word) => word.trim()))
        if (used.has(from) && name && !name.startsWith("type ")) used.get(from).add(name);
  const elsewhere = {
    name: "elsewhere",
    setup({ onResolve }) {
      onResolve({ filter: /.*/ }, ({ kind, path, resolveDir }) => {
        if (kind === "entry-point") return undefined;
        if (path.startsWith(".")) return { path: path.replace(/\.ts$/, ".js"), external: true, sideEffects: false };
        if (!used.has(path)) return { path, external: true };
        const up = posix(relative(resolveDir, source)) || ".";
        return { path: `${up}/${path}.js`, external: true, sideEffects: false };
      });
    },
  };
  await build({
    ...settings,
    entryPoints: modules,
    outbase: source,
    outdir,
    plugins: [elsewhere],
    platform: "neutral",
  });
  for (const [name, names] of used) {
    const contents = `export { ${[...names].join(", ")} } from "${name}";`;
    const banner = { js: `/*! ${name}\n${licence(name)}\n*/` };
    await build({
      ...settings,
      stdin: { contents, resolveDir: root },
      outfile: join(outdir, `${name}.js`),
      platform: "browser",
      banner,
    });
  }
  return [...used.keys()];
}

/** Bundles the command's own files; what they import of the package stays in its modules. */
async function writeCommand(outdir) {
  const folder = dirname(command.source);
  const modules = {
    name: "modules",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.\// }, ({ path, resolveDir }) => {
        const file = posix(relative(source, resolve(resolveDir, path)));
        return { path: `./${file.replace(/\.ts$/, ".js")}`, external: true };
      });
    },
  };
  const outfile = join(outdir, command.name);
  await build({
    ...settings,
    entryPoints: [command.source],
    outfile,
    plugins: [modules],
    external: ["jpeg-js"],
    platform: "node",
    absWorkingDir: folder,
  });
  chmodSync(outfile, 0o755);
}

/** Bundles the whole of `latentgpu` into one minified file. */
async function writeSingle(outdir, packages) {
  const banner = {
    js: `/*! latentgpu ${version()} | MIT${packages.map((name) => ` | with ${name}, MIT: licences.txt`).join("")} */`,
  };
  const entryPoints = [join(source, "index.ts")];
  await build({ ...settings, entryPoints, outfile: join(outdir, single), minify: true, platform: "browser", banner });
  writeFileSync(join(outdir, "licences.txt"), packages.map((name) => `${name}\n\n${licence(name)}\n`).join("\n"));
}

/** Writes the one file alone. */
export async function buildSingle(outdir) {
  const { packages } = await reached();
  mkdirSync(outdir, { recursive: true });
  await writeSingle(outdir, packages);
}

const version = () => JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

function licence(name) {
  const folder = join(root, "node_modules", name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`build: ${name} is bundled and has no licence file.`);
  return readFileSync(join(folder, file), "utf8").trim();
}

/** Removes what an earlier build left in `outdir`; folders in `kept` stay. */
function clear(outdir, kept) {
  if (!existsSync(outdir)) return;
  for (const name of readdirSync(outdir)) if (!kept.includes(name)) rmSync(join(outdir, name), { recursive: true });
}

/** Writes the package's dist/ into `outdir`. Throws with the compiler's messages where types do not hold. */
export async function buildPackage(outdir, { kept = [] } = {}) {
  clear(outdir, kept);
  const packages = await writeModules(outdir);
  await writeSingle(outdir, packages);
  await writeCommand(outdir);
  for (const [file, text] of await declarations(entries.map((name) => join(source, `${name}.ts`)))) {
    const path = join(outdir, relative(source, file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
