// generate — turns shaders/*.wgsl and shaders/software/*.wgsl into typed kernels (src/kernels/shaders/*.gen.ts, and shaders.gen.ts with all of them) and their
// reference (shaders/README.md).
//
// One kernel per @compute entry point. Names, binding numbers, access, workgroup size and uniform layout come from the
// WGSL by reflection, so no number is written twice. Any doubt is an error, never a warning.
//
//   node shaders/generate.mjs           writes them
//   node shaders/generate.mjs --names   keeps all names in the kernels' text, to read what a compiler says of it
//   node shaders/generate.mjs --check   exits with 1 where the committed README differs from what it would write

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WgslExec, WgslParser, WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";
import { pieces } from "./expand.mjs";
import { minifier } from "./minify.mjs";
import { referenceText } from "./reference.mjs";
import { checkNames } from "./reserved.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const REQUIRED = ["shapes", "grid", "numerics"];
/** What lib/extras.wgsl declares: hooks bring these along, so they are no kernel's own. */
const EXTRAS = /^(scalars|[qx][0-6])$/;

const textOf = (parts) => parts.map(({ text }) => text).join("");

/** The text of a file under shaders/, or undefined. */
const readShader = (name) => (existsSync(join(here, name)) ? readFileSync(join(here, name), "utf8") : undefined);

/** The leading comment of a kernel file: its one-line summary and the text below it. */
function header(file, text) {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  const comment = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.slice(3));
  const [, name, summary] = comment[0]?.match(/^(\w+) — (.+)$/) ?? [];
  if (`${name}.wgsl` !== file) throw new Error(`${file}:1: expected "// ${file.replace(".wgsl", "")} — <summary>"`);
  for (const label of REQUIRED)
    if (!comment.some((line) => line.startsWith(label))) throw new Error(`${file}: header has no "${label}" line`);
  return { name, summary, body: comment.slice(comment[1] === "" ? 2 : 1) };
}

/** The functions directly below a `//#hook` line: name → parameters and result as written. */
function hooks(file, code) {
  const heads = /^\/\/#hook\nfn (\w+)(\(.*?\) -> \w+) \{/gm;
  const found = [...code.matchAll(heads)].map(([, name, signature]) => [name, signature]);
  if (found.length !== (code.match(/^\/\/#hook/gm)?.length ?? 0))
    throw new Error(`${file}: a //#hook line is not directly above a one-line function head`);
  return Object.fromEntries(found);
}

/** `const NAME = 8u;` lines, which the host may give another value. */
const constants = (code) =>
  Object.fromEntries(
    [...code.matchAll(/^const ([A-Z][A-Z0-9_]*) = (\d+)u;/gm)].map(([, name, n]) => [name, Number(n)]),
  );

/** Runs a parser of wgsl_reflect. What it only says on the console is an error, too. */
function strictly(file, parse) {
  const { log, warn, error } = console;
  const fail = (...words) => {
    throw new Error(words.map(String).join(" "));
  };
  Object.assign(console, { log: fail, warn: fail, error: fail });
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${file}: does not parse. ${cause.message ?? cause}`, { cause });
  } finally {
    Object.assign(console, { log, warn, error });
  }
}

/** Numbers in @workgroup_size, with names looked up among the file's constants. */
function workgroupSize(file, entry, code) {
  const attribute = entry.attributes.find((a) => a.name === "workgroup_size");
  if (!attribute) throw new Error(`${file}: ${entry.name} has no @workgroup_size`);
  const values = strictly(file, () => {
    // the interpreter does not know `enable`
    const exec = new WgslExec(WgslParser.Parse(code.replace(/^enable .*$/gm, "")));
    exec.execute();
    return exec;
  });
  const size = [attribute.value].flat().map((v) => (Number.isNaN(Number(v)) ? values.getVariableValue(v) : Number(v)));
  if (!size.every((n) => Number.isInteger(n) && n > 0))
    throw new Error(
      `${file}: ${entry.name} has @workgroup_size(${attribute.value}), of which not every part is a number or a constant`,
    );
  return [size[0], size[1] ?? 1, size[2] ?? 1];
}

/**
 * Whether an entry point asks which workgroup it is. It may do so by group_number alone, of which lib/grid.wgsl says why; one that
 * does not ask is launched as one workgroup.
 */
function countsGroups(file, entry, code) {
  const head = code.match(new RegExp(`\\bfn ${entry}\\(([^{]*)\\{`));
  const body = code.slice(head.index + head[0].length).split(/^\}/m, 1)[0];
  const named = (builtin) => head[1].match(new RegExp(`@builtin\\(${builtin}\\) *(\\w+)`))?.[1];
  const [id, groups] = [named("workgroup_id"), named("num_workgroups")];
  if (named("global_invocation_id") || named("workgroup_index"))
    throw new Error(
      `${file}: ${entry} reads a place that a folded grid changes. Count workgroups by group_number (lib/grid.wgsl)`,
    );
  if (id === undefined) return false;
  const rest = body.replaceAll(`group_number(${id}, ${groups})`, "");
  if (rest === body || new RegExp(`\\b${id}\\b`).test(rest))
    throw new Error(
      `${file}: ${entry} reads ${id} other than by group_number(${id}, …) of lib/grid.wgsl: its grid may be folded`,
    );
  return true;
}

const isTexture = ({ type }) => type.name.startsWith("texture_");

function describe(file, entry, code) {
  const used = entry.resources.filter((r) => !EXTRAS.test(r.name)).sort((a, b) => a.binding - b.binding);
  const params = used.find((r) => r.name === "params");
  if (params && params.binding !== 0)
    throw new Error(`${file}: params is at binding ${params.binding}; kernels keep it at 0`);
  for (const { name, type } of params?.members ?? [])
    if (!/^[uif]32$/.test(type.name))
      throw new Error(`${file}: params.${name} is ${type.name}; parameters are u32, i32 or f32`);
  return {
    name: `${file.replace(".wgsl", "")}.${entry.name}`,
    entry: entry.name,
    workgroup: workgroupSize(file, entry, code),
    folds: countsGroups(file, entry.name, code),
    buffers: Object.fromEntries(
      used.filter((r) => r !== params && !isTexture(r)).map((r) => [r.name, { binding: r.binding, access: r.access }]),
    ),
    textures: Object.fromEntries(
      used
        .filter(isTexture)
        .map((r) => [r.name, { binding: r.binding, access: r.access === "write" ? "write" : "read" }]),
    ),
    params: Object.fromEntries((params?.members ?? []).map((m) => [m.name, { offset: m.offset, type: m.type.name }])),
    paramsBytes: params ? Math.ceil(params.size / 16) * 16 : 0,
  };
}

function checkBindings(file, reflected) {
  const slots = new Map();
  for (const { name, group, binding } of [...reflected.uniforms, ...reflected.storage, ...reflected.textures]) {
    if (group !== 0) throw new Error(`${file}: ${name} is in group ${group}; kernels use group 0`);
    if (/^q\d$/.test(name)) continue; // another look at x0 … x6
    if (slots.has(binding)) throw new Error(`${file}: ${slots.get(binding)} and ${name} share binding ${binding}`);
    slots.set(binding, name);
  }
}

/**
 * What one kernel file says: { name, summary, body, code, parts, ships, hooks, constants, entries }. `read` gives an included file's
 * text. Throws an Error that begins with the file's name where the file breaks a rule.
 */
export function kernelFile(file, text, read = readShader) {
  const { name, summary, body } = header(file, text);
  const parts = pieces(file, text, read);
  const code = textOf(parts);
  const own = textOf(ownParts(parts));
  checkNames(file, code);
  const reflected = strictly(file, () => new WgslReflect(own));
  checkBindings(file, reflected);
  const entries = reflected.entry.compute.map((entry) => describe(file, entry, own));
  if (entries.length === 0) throw new Error(`${file}: no @compute entry point`);
  return {
    name,
    summary,
    body,
    code,
    ...shipped(parts),
    hooks: hooks(file, code),
    constants: constants(code),
    entries,
  };
}

/**
 * What hooks are made of. Kernels leave these texts out: src/kernels/library.ts adds the functions that a kernel and its hooks call,
 * so a compiler reads no others, and rare ones are loaded when a graph needs them.
 */
const LIBRARY = ["lib/map.wgsl", "lib/functions.wgsl", "lib/philox.wgsl"];
/** Those that are there from the start. */
const RESIDENT = "lib/map.wgsl";

/** The parts that reflection has to see: the library has no bindings and no entry points, and parsing it takes seconds. */
const ownParts = (parts) => parts.filter(({ file }) => !LIBRARY.includes(file));

const isWord = (token) => /^[A-Za-z_]\w*$/.test(token);
const declaredIn = (text) => [...text.matchAll(/^(?:fn|struct|const) (\w+)/gm)].map(([, name]) => name);

/** All `parts` of a kernel, and those that are shipped: the library only where its own text calls of what is not resident. */
function shipped(parts) {
  const own = new Set(
    textOf(ownParts(parts))
      .replace(/\/\/.*/g, "")
      .split(/\b/)
      .filter(isWord),
  );
  const isLeftOut = ({ file, text }) =>
    LIBRARY.includes(file) && (file === RESIDENT || !declaredIn(text).some((word) => own.has(word)));
  return { parts, ships: parts.filter((part) => !isLeftOut(part)) };
}

/** One entry point: what src/kernels/kernel.ts cannot read from the text by itself. */
function entryText({ name, entry, workgroup, buffers, textures, paramsBytes }, constants) {
  const bound = [...(paramsBytes ? ["params"] : []), ...Object.keys(buffers), ...Object.keys(textures)].join(" ");
  const names = Object.keys(constants)
    .map((constant) => `"${constant}"`)
    .join(" | ");
  const size = workgroup.slice(0, workgroup[2] > 1 ? 3 : workgroup[1] > 1 ? 2 : 1);
  return `  ${entry}: /* @__PURE__ */ kernel<${names || "never"}>("${name}", code, [${size.join(",")}], "${bound}"),`;
}

const GENERATED = "// Generated by shaders/generate.mjs. Edit the .wgsl files instead.";

/**
 * The typed modules of all kernels and shared texts, by their paths in src/kernels/: programs load those that they use. `minified`
 * gives what is shipped of a part. Joining is marked as pure: bundlers keep a sum of names even where nobody uses it.
 */
export function modules(kernels, minified) {
  const found = new Map();
  const shared = new Map(); // of a shared file's text as shipped: the name of its module
  const nameOf = ({ file, text }) => {
    const short = minified(text);
    if (!shared.has(short)) {
      const own = file.replace(/^lib\/(\w+)\.wgsl$/, "lib_$1");
      let name = own;
      for (let n = 2; found.has(`shaders/${name}.gen.ts`); n++) name = `${own}_${n}`;
      found.set(`shaders/${name}.gen.ts`, [GENERATED, `export const ${name} = ${JSON.stringify(short)};`, ""]);
      shared.set(short, name);
    }
    return shared.get(short);
  };
  for (const part of kernels.flatMap(({ parts }) => parts))
    if (part.file.startsWith("lib/") && minified(part.text)) nameOf(part);
  for (const { name, summary, ships, constants: values, entries } of kernels) {
    const written = ships
      .filter(({ text }) => minified(text))
      .map((part) =>
        part.file.startsWith("lib/") ? { module: nameOf(part) } : { text: JSON.stringify(minified(part.text)) },
      );
    const texts = written.map(({ module, text }) => module ?? text);
    found.set(`shaders/${name}.gen.ts`, [
      GENERATED,
      `import { ${texts.length > 1 ? "joined, " : ""}kernel } from "../kernel.ts";`,
      ...written.flatMap(({ module }) => (module ? [`import { ${module} } from "./${module}.gen.ts";`] : [])),
      "",
      `const code = ${texts.length > 1 ? `/* @__PURE__ */ joined(${texts.join(", ")})` : texts[0]};`,
      `/** ${summary} */`,
      `export const ${name} = {`,
      ...entries.map((entry) => entryText(entry, values)),
      "} as const;",
      "",
    ]);
  }
  const all = kernels.map(({ name }) => `export { ${name} } from "./shaders/${name}.gen.ts";`);
  found.set("shaders.gen.ts", [GENERATED, ...all, ""]);
  return found;
}

/** The files of a folder, which kernel files are named without. */
export const shadersIn = (folder) =>
  readdirSync(join(here, folder))
    .filter((file) => file.endsWith(".wgsl"))
    .map((file) => ({ file, folder, text: readFileSync(join(here, folder, file), "utf8") }));

const byName = (a, b) => (a.file < b.file ? -1 : 1);

/** The files of all kernels. */
export const kernelFiles = () => [...shadersIn("."), ...shadersIn("software")].sort(byName);

/** Replaced at once, so that nobody reads half of it. */
function write(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function main(parameters) {
  const kernels = kernelFiles().map(({ file, folder, text }) => ({ ...kernelFile(file, text), folder }));
  const reference = referenceText(kernels, shadersIn("lib").sort(byName));
  const referenceFile = join(here, "README.md");
  if (!parameters.includes("--check")) write(referenceFile, reference);
  else if (!existsSync(referenceFile) || readFileSync(referenceFile, "utf8") !== reference) {
    process.stderr.write("shaders/README.md: differs from the kernels' headers. Run npm run fix.\n");
    process.exitCode = 1;
  }
  const minified = minifier(
    kernels.map(({ parts }) => parts),
    { names: parameters.includes("--names") },
  );
  const folder = join(here, "../src/kernels");
  mkdirSync(join(folder, "shaders"), { recursive: true });
  const written = modules(kernels, minified);
  for (const [path, lines] of written) write(join(folder, path), lines.join("\n"));
  for (const file of readdirSync(join(folder, "shaders")))
    if (file.endsWith(".gen.ts") && !written.has(`shaders/${file}`)) rmSync(join(folder, "shaders", file));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
