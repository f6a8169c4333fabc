// kernels — the typed modules that shaders/generate.mjs writes, in memory, with other text in place of a kernel file's.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pieces } from "../../shaders/expand.mjs";
import { kernelFile, kernelFiles, modules, shadersIn } from "../../shaders/generate.mjs";
import { minifier } from "../../shaders/minify.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const known = new Map();

/** Absolute path → text. `changed` maps paths from the root ("shaders/map.wgsl") to texts. Throws where a text breaks a rule of the generator. */
export function kernelModules(changed = new Map()) {
  const textOf = ({ file, folder, text }) => changed.get(join("shaders", folder, file)) ?? text;
  const libraries = new Map(shadersIn("lib").map((one) => [one.file.replace(/^(lib\/)?/, "lib/"), textOf(one)]));
  const kernels = kernelFiles().map((one) => {
    const text = textOf(one);
    const read = (name) => libraries.get(name);
    const whole = pieces(one.file, text, read)
      .map((piece) => piece.text)
      .join("");
    if (!known.has(whole)) known.set(whole, kernelFile(one.file, text, read));
    return { ...known.get(whole), folder: one.folder };
  });
  const minified = minifier(
    kernels.map(({ parts }) => parts),
    { names: true },
  );
  const written = modules(kernels, minified);
  return new Map([...written].map(([path, lines]) => [join(root, "src/kernels", path), lines.join("\n")]));
}

/** What a place of a WGSL text belongs to: the name of its function or constant at the top, or "". */
export function declarationAt(source, at) {
  const heads = [...source.slice(0, at + 1).matchAll(/^(?:fn|const|struct|override) (\w+)/gm)];
  return heads.at(-1)?.[1] ?? "";
}
