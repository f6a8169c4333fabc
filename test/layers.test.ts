import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Lowest first: a file imports from its own layer and from those before it. */
const layers = [
  "formats",
  "device",
  "kernels",
  "graph",
  "program",
  "data",
  "linalg",
  "nn",
  "models",
  "features",
  "metrics",
  "app",
];

/** Files at the top of src/ compose the layers below app; app may use them. */
const ENTRY = layers.indexOf("app") - 0.5;

/** Longest hand-written file, in lines; that of a test, which grows by rows. */
const LINES = 300;
const LINES_OF_TESTS = 350;

/** Files that are longer, and why. */
const LONGER: { readonly [file: string]: string } = {
  "src/data/dataset.ts": "its parts are being drawn apart",
  "src/linalg/moments.ts": "its parts are being drawn apart",
  "src/models/mixture/em.ts": "its parts are being drawn apart",
  "src/models/latent/model.ts": "its parts are being drawn apart",
  "src/models/mixture/fit.ts": "its parts are being drawn apart",
  "src/models/mixture/mixture.ts": "its parts are being drawn apart",
  "src/nn/train.ts": "its parts are being drawn apart",
};

interface Import {
  from: string;
  to: string;
}

/** `src/kernels/kl.ts` and so on: the files of a folder whose names end so, as paths with "/" from the root. */
function files(folder: string, pattern: RegExp): string[] {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  } catch {
    return []; // not there yet
  }
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort((a, b) => a.localeCompare(b));
}

/** Text without comments, so that a path in a comment or a code example is no import. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Every module that a text names: `from "x"`, `import "x"`, `import("x")`, types included. */
function imported(text: string): string[] {
  const clauses = /\b(?:from|import)\s*\(?\s*(["'])([^"'\n]+)\1/g;
  return [...code(text).matchAll(clauses)].map((match) => match[2] as string);
}

/** Relative imports of a file, resolved to paths from the root. */
function importsOf(from: string, text: string): Import[] {
  return imported(text)
    .filter((name) => name.startsWith("."))
    .map((name) => ({ from, to: posix.normalize(posix.join(posix.dirname(from), name)) }));
}

/** Number of a file's layer; entry files lie between metrics and app. Undefined outside src/ and for an unknown folder. */
function layerOf(path: string): number | undefined {
  const [top, folder, ...rest] = path.split("/");
  if (top !== "src" || folder === undefined) return undefined;
  if (rest.length === 0) return ENTRY;
  const layer = layers.indexOf(folder);
  return layer === -1 ? undefined : layer;
}

/** Files that a browser never loads say so in their names: src/node.ts, src/data/mnist-node.ts. */
function isForNode(file: string): boolean {
  return /[/-]node\.ts$/.test(file);
}

/** What is wrong with one import, or undefined. */
function fault({ from, to }: Import): string | undefined {
  const [own, other] = [layerOf(from), layerOf(to)];
  if (own === undefined) return `${from}: src/ has no such layer. Expected one of ${layers.join(", ")}.`;
  if (other === undefined) return `${from} imports ${to}, which lies in no layer.`;
  if (other > own) return `${from} imports ${to}, which lies above it.`;
  return undefined;
}

/** The first circle of files that import one another, as the path that closes it, or undefined. Iterative: chains are long. */
function circle(edges: Import[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  for (const start of next.keys()) {
    const path = [{ file: start, left: [...(next.get(start) ?? [])] }];
    while (path.length > 0) {
      const last = path[path.length - 1]!;
      const to = last.left.pop();
      if (to === undefined) {
        done.add(last.file);
        path.pop();
      } else if (path.some(({ file }) => file === to)) {
        return [...path.slice(path.findIndex(({ file }) => file === to)).map(({ file }) => file), to];
      } else if (!done.has(to)) path.push({ file: to, left: [...(next.get(to) ?? [])] });
    }
  }
  return undefined;
}

describe("layers", () => {
  const sources = files("src", /\.(ts|mjs)$/);
  const read = (file: string) => readFileSync(join(root, file), "utf8");

  test("src/ is not empty", () => expect(sources.length).toBeGreaterThan(0));

  test("every import points to its own layer or one below", () => {
    const edges = sources.flatMap((file) => importsOf(file, read(file)));
    expect(edges.map(fault).filter((text) => text !== undefined)).toEqual([]);
  });

  test("no files import one another in a circle, types included", () => {
    expect(circle(sources.flatMap((file) => importsOf(file, read(file))))).toBeUndefined();
  });

  test("nothing from outside is imported, but the bundled fflate, and what Node has in files for Node", () => {
    const outside = sources
      .filter((file) => !file.startsWith("src/app/"))
      .flatMap((file) => imported(read(file)).map((name) => ({ file, name })))
      .filter(({ name }) => !name.startsWith("."))
      .filter(({ file, name }) => !(file.startsWith("src/formats/") && name === "fflate"))
      .filter(({ file, name }) => !(isForNode(file) && /^(node:|webgpu$)/.test(name)));
    expect(outside).toEqual([]);
  });

  test("files for Node are imported by files for Node and by app only", () => {
    const edges = sources.flatMap((file) => importsOf(file, read(file)));
    const users = edges.filter(({ to }) => isForNode(to)).map(({ from }) => from);
    expect(users.filter((file) => !isForNode(file) && !file.startsWith("src/app/"))).toEqual([]);
  });
});

describe("the layer test itself", () => {
  const seeded = (from: string, text: string) => importsOf(from, text).map(fault);

  test("sees an import that climbs, written as a type", () => {
    const text = 'import type { Tensor } from "../graph/tensor.ts";';
    expect(seeded("src/device/pool.ts", text)).toEqual([
      "src/device/pool.ts imports src/graph/tensor.ts, which lies above it.",
    ]);
  });

  test("sees an import inside an expression and an import for its effect", () => {
    expect(seeded("src/nn/a.ts", 'const x = await import("../app/b.ts");')[0]).toContain("above");
    expect(seeded("src/nn/a.ts", 'import "../app/b.ts";')[0]).toContain("above");
    expect(seeded("src/nn/a.ts", 'type T = import("../models/b.ts").T;')[0]).toContain("above");
  });

  test("sees an import over several lines, and a re-export", () => {
    expect(seeded("src/nn/a.ts", 'import {\n  b,\n} from "../models/b.ts";')[0]).toContain("above");
    expect(seeded("src/nn/a.ts", 'export * from "../models/b.ts";')[0]).toContain("above");
  });

  test("lets a file import downwards and sideways, and app import the entry", () => {
    expect(seeded("src/nn/a.ts", 'import { b } from "../graph/b.ts";\nimport { c } from "./c.ts";')).toEqual([
      undefined,
      undefined,
    ]);
    expect(seeded("src/app/a.ts", 'import { b } from "../index.ts";')).toEqual([undefined]);
    expect(seeded("src/index.ts", 'import { b } from "./app/b.ts";')[0]).toContain("above");
  });

  test("sees a folder that is no layer", () => {
    expect(seeded("src/utils/a.ts", 'import { b } from "../nn/b.ts";')[0]).toContain("no such layer");
  });

  test("sees a circle of three and none in a diamond", () => {
    const [a, b, c] = ["src/nn/a.ts", "src/nn/b.ts", "src/nn/c.ts"] as const;
    const edge = (from: string, to: string) => ({ from, to });
    expect(circle([edge(a, b), edge(b, c), edge(c, a)])).toEqual([a, b, c, a]);
    expect(circle([edge(a, b), edge(a, c), edge(b, c)])).toBeUndefined();
  });
});

describe("sizes", () => {
  const written = [
    ...["src", "test", "bench"].flatMap((folder) => files(folder, /\.(ts|mjs)$/)),
    ...files("shaders", /\.(wgsl|mjs)$/),
  ].filter((file) => !file.endsWith(".gen.ts"));

  test("no hand-written file is longer than it may be", () => {
    const lines = written.map((file) => ({
      file,
      lines: readFileSync(join(root, file), "utf8").split("\n").length - 1,
      most: file in LONGER ? Infinity : file.startsWith("test/") ? LINES_OF_TESTS : LINES,
    }));
    expect(lines.filter((entry) => entry.lines > entry.most)).toEqual([]);
  });

  test("no two layers of folders under a layer", () => {
    expect(written.filter((file) => file.startsWith("src/") && file.split("/").length > 5)).toEqual([]);
  });
});
