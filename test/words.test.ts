import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

/**
 * Words that only their authors knew, as names of code (kernels, entry points and ops are the plan's output) and of files; src/README.md,
 * Glossary, has the field's words that stand there now.
 */
const PRIVATE =
  /^(beside|Beside|side|Joined|fours?|fourBody|map_?[fF]ours|quads?|quad(Small|Any)|\w+_quads?|quad_(any|small)|passesRound|\w+AreDear|ACROSS|DOWN|LONG|HIGH|DEPTH|PARTS|BAND|ROOM|TEAM|slim|spread|narrow|plain|sliced|trips|look|Look|straight|standsFor|anchor|root|claims?|claimed|claiming|settled|letGo|adopt|pull|Pull|Operandish|clock|ticked|ring|Ending|off|even|evened|shares|turn|held|hold|kept|made|Made|seen|moved|around|climbed|SETTLED|REACH|Contender|contender|Judge|judge|lineup|Fitted|soon|few|busy|alone)$/;

/** Where one of them is the field's own word after all: file, name, reason. */
const RIGHT: readonly (readonly [file: RegExp, name: RegExp, reason: string])[] = [
  [
    /^src\/app\/(job\/spectrum|job|report|report\/sections)\.ts$/,
    /^shares$/,
    "shares of variance, a field of report.json",
  ],
  [
    /(semidefinite|sqrtm|frechet|waveletFrechet|cholesky|functions|trigonometry)\.(ts|wgsl)$/,
    /^root$/,
    "a square root",
  ],
  [/^src\/features\//, /^anchor$/, "an anchor box of a detector"],
  [/^src\/features\/|ssim\.ts$/, /^side$/, "the side of a square image or cell"],
  [/flatbuffer\.ts$/, /^root$/, "the root table of a flatbuffer"],
  [/clusters_quadswap\.wgsl$/, /^shared_by_quad$/, "the four invocations of a subgroup's quad"],
];

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return /\.(ts|wgsl)$/.test(entry.name) && !entry.name.endsWith(".gen.ts") ? [path] : [];
  });

/** What a TypeScript file declares: variables, functions, types, members, parameters. */
function declaredIn(path: string, text: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const { name } = node as Partial<ts.NamedDeclaration>;
    const isUse = ts.isPropertyAccessExpression(node) || ts.isQualifiedName(node) || ts.isMetaProperty(node);
    const isKey = ts.isImportSpecifier(node) && node.propertyName === undefined;
    if (name && !isUse && !isKey && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || ts.isStringLiteral(name)))
      names.push(name.text.replace(/^#/, ""));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return names;
}

/** What a kernel's text declares: constants, bindings, functions and their parameters, variables, members. */
const declaredInWgsl = (text: string): string[] => {
  const code = text.replace(/\/\/[^\n]*/g, "");
  const found = code.matchAll(/\b(?:let|const|fn|struct|override|var(?:<[^>]*>)?)\s+(\w+)|(\w+)\s*:(?!:)/g);
  return [...found].map(([, declared, typed]) => (declared ?? typed)!);
};

/** `file: name` of every private word, each once. */
function privateWords(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    const text = readFileSync(path, "utf8");
    const names = path.endsWith(".wgsl") ? declaredInWgsl(text) : declaredIn(path, text);
    return [basename(path).replace(/\..*$/, ""), ...names]
      .filter((name) => PRIVATE.test(name) && !RIGHT.some(([file, right]) => file.test(path) && right.test(name)))
      .map((name) => `${path}: ${name}`);
  });
  return [...new Set(found)];
}

test("no private word is a name of code or of a file", () => {
  expect(privateWords(["src", "shaders"].flatMap(files))).toEqual([]);
});

/** Words that had several meanings, and the files that hold the one that is left. */
const ONE_MEANING: readonly (readonly [word: string, files: RegExp | null])[] = [
  ["Loss", null], // DeviceLoss, DecoderLoss
  ["Report", /^src\/app\/report\.ts$/],
  ["Samples", /^src\/(data\/rows|types)\.ts$/],
  ["Context", /^src\/metrics\/measure\.ts$/],
  ["record", /^src\/(graph\/record|nn\/(termHistory|trainStep)|models\/latent\/model)\.ts$/], // adds nodes to a graph
  ["fit", /^src\/(app|features|metrics|models)\//], // of a model
  ["precisions", /^src\/models\/covariance\//], // inverse covariances
  ["known", /^src\/app\/family\//], // codes whose classes are known
  ["share", /^src\/(app|metrics|program\/access)/], // a fraction of a whole
];

test("a word that had several meanings has one", () => {
  const words = new Map(ONE_MEANING);
  const found = files("src").flatMap((path) =>
    declaredIn(path, readFileSync(path, "utf8"))
      .filter((name) => words.has(name) && !words.get(name)?.test(path))
      .map((name) => `${path}: ${name}`),
  );
  expect([...new Set(found)]).toEqual([]);
});

test("a private word is found in TypeScript and in WGSL", () => {
  expect(declaredIn("a.ts", "const { held: kept } = x; class A { #turn = 1 }")).toEqual(["kept", "A", "turn"]);
  expect(declaredInWgsl("const DEPTH = 8u; // LONG\nfn f(quads: u32) { let few = 1u; }")).toEqual([
    "DEPTH",
    "f",
    "quads",
    "few",
  ]);
});

const page = readFileSync("src/README.md", "utf8");

test("a decision is three lines at most, and says what would change it", () => {
  const decisions = page.slice(page.indexOf("## Decisions")).split("\n- ").slice(1);
  expect(decisions.length).toBeGreaterThan(50);
  const faults = decisions.filter((text) => {
    const lines = text.trim().split("\n");
    return lines.length > 3 || lines.some((line) => line.length > 120) || !/would|may move|should replace/.test(text);
  });
  expect(faults).toEqual([]);
});

test("the glossary is one line a term, in order", () => {
  const rows = page
    .slice(page.indexOf("## Glossary"), page.indexOf("## What a software"))
    .match(/^\| (?!term |-).*$/gm)!;
  const terms = rows.map((row) => row.split(/(?<!\\)\|/)[1]!.trim());
  expect(terms).toEqual([...terms].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
  expect(new Set(terms).size).toBe(terms.length);
  for (const known of ["recipe", "parts", "terms", "draw", "rows", "score", "roots", "whitening"])
    expect(terms).toContain(known);
});
