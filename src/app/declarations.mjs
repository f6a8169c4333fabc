// declarations — the types that npm delivers: what the entry points reach and nothing else, without internals, and without a
// need for any library that a user has to name.
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { foreignTypes, globalsText } from "./globals.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const source = join(root, "src");
const GLOBALS = join(source, "globals.d.ts");

/** A type that its file may not name, since a layer above declares it: the file, what it says, and what the published types say. */
const ABOVE = [
  join(source, "graph/tensor.d.ts"),
  "readonly gpu: Runner;",
  'readonly gpu: import("../program/gpu.ts").Gpu;',
];

/**
 * The declaration files of the modules that `entryFiles` reach: path (under src/, as .d.ts) → text. Throws with the compiler's
 * messages where types do not hold.
 */
export async function declarations(entryFiles) {
  const { files } = await publicTypes(entryFiles);
  return files;
}

/** The same, and the names that a public type mentions though no entry point exports them: `file: name`. */
export async function publicTypes(entryFiles) {
  const { default: ts } = await import("typescript");
  const { program, written } = emitted(ts, entryFiles);
  const modules = new Map([...written].map(([file, text]) => [file, moduleOf(ts, file, text, written)]));
  const kept = new Set();
  const exported = new Set();
  const named = new Set();
  const keep = ({ file: from, declaration }) => {
    if (kept.has(declaration)) return;
    kept.add(declaration);
    if (declaration.space) show(declaration.space);
    for (const statement of declaration.statements)
      for (const { file, name, isType } of mentionedIn(ts, statement, modules.get(from))) {
        const found = resolved(modules, file, name);
        if (isType) named.add(found.declaration);
        keep(found);
      }
  };
  const show = (file) => {
    for (const [from, name] of exportsOf(modules, file)) {
      const found = resolved(modules, from, name);
      exported.add(found.declaration);
      keep(found);
    }
  };
  for (const entry of entryFiles) show(entry.replace(/\.ts$/, ".d.ts"));
  const foreign = foreignTypes(ts, program);
  const used = new Set();
  const files = new Map();
  const reach = (file) => {
    if (files.has(file)) return;
    files.set(file, "");
    const { text, types, from } = pruned(ts, modules.get(file), kept, foreign, (name) =>
      kept.has(resolved(modules, file, name).declaration),
    );
    for (const type of types) used.add(type);
    files.set(file, text);
    for (const next of from) reach(next);
  };
  for (const entry of entryFiles) reach(entry.replace(/\.ts$/, ".d.ts"));
  files.set(GLOBALS, globalsText([...used], foreign));
  const hidden = [...named].filter((declaration) => !exported.has(declaration));
  return { files, hidden: hidden.map(({ file, name }) => `${relative(source, file)}: ${name}`).sort() };
}

/** What the compiler emits for all modules. */
function emitted(ts, entryFiles) {
  const read = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, root);
  const program = ts.createProgram(entryFiles, {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    rootDir: source,
    outDir: source,
  });
  const written = new Map();
  const { diagnostics } = program.emit(undefined, (file, text) =>
    written.set(resolve(file), closed(ts, lifted(resolve(file), text))),
  );
  const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (all.length === 0) return { program, written };
  const host = { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => "\n" };
  throw new Error(`build: types do not hold.\n${ts.formatDiagnostics(all, host)}`);
}

/** The text of a declaration file with types from above in it. */
function lifted(file, text) {
  const [where, said, read] = ABOVE;
  if (file !== where) return text;
  if (!text.includes(said)) throw new Error(`build: ${relative(source, file)} has no ${JSON.stringify(said)} any more`);
  return text.replace(said, read);
}

/** A class whose constructor is internal says that it is not the user's: `new` without one would pass and fail later. */
function closed(ts, text) {
  const file = ts.createSourceFile("a.d.ts", text, ts.ScriptTarget.Latest, true);
  const open = file.statements.filter(
    (statement) =>
      ts.isClassDeclaration(statement) &&
      !statement.members.some((member) => ts.isConstructorDeclaration(member)) &&
      statement.members.some(
        (member) => (member.name && ts.isPrivateIdentifier(member.name)) || ts.isGetAccessor(member),
      ) &&
      !statement.heritageClauses?.some((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword),
  );
  for (const { members } of open.reverse()) {
    const at = members.pos;
    text = `${text.slice(0, at)}\n    private constructor();${text.slice(at)}`;
  }
  return text;
}

/** A declaration file: its imports and exports by name, and its declarations. */
function moduleOf(ts, file, text, written) {
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const target = (specifier) => {
    const path = resolve(dirname(file), specifier.text.replace(/\.ts$/, ".d.ts"));
    return written.has(path) ? path : undefined;
  };
  const module = {
    file,
    parsed,
    imports: new Map(),
    exports: new Map(),
    stars: [],

    declarations: new Map(),
  };
  const declare = (name, statement) => {
    const known = module.declarations.get(name) ?? { file, name, statements: [] };
    known.statements.push(statement);
    module.declarations.set(name, known);
  };
  for (const statement of parsed.statements) {
    if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings))
        for (const { name, propertyName } of bindings.elements)
          module.imports.set(name.text, { file: target(statement.moduleSpecifier), name: (propertyName ?? name).text });
    } else if (ts.isExportDeclaration(statement)) {
      const from = statement.moduleSpecifier && target(statement.moduleSpecifier);
      if (!statement.exportClause) module.stars.push(from);
      else if (ts.isNamespaceExport(statement.exportClause)) {
        const name = statement.exportClause.name.text;
        module.declarations.set(name, { file, name, statements: [], space: from });
        module.exports.set(name, { file, name });
      } else
        for (const { name, propertyName } of statement.exportClause.elements)
          module.exports.set(name.text, { file: from ?? file, name: (propertyName ?? name).text });
    } else if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) declare(name.text, statement);
    else if (statement.name) declare(statement.name.text, statement);
  }
  for (const [name, { statements }] of module.declarations)
    if (statements.some((statement) => statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)))
      module.exports.set(name, { file, name });
  return module;
}

/** What a module exports: files and names, also those of `export *`. */
function exportsOf(modules, file) {
  const { exports, stars } = modules.get(file);
  const own = [...exports.keys()].map((name) => [file, name]);
  return [...own, ...stars.flatMap((from) => exportsOf(modules, from))];
}

/** Whether a module exports `name`. */
const has = (modules, file, name) => {
  const { exports, stars } = modules.get(file);
  return exports.has(name) || stars.some((from) => has(modules, from, name));
};

/** The declaration that `name` means in `file`, through whatever it is passed on. */
function resolved(modules, file, name) {
  const { declarations: own, imports, exports, stars } = modules.get(file);
  if (own.has(name)) return { file, declaration: own.get(name) };
  const passed = exports.get(name);
  const next = passed && !(passed.file === file && passed.name === name) ? passed : imports.get(name);
  if (next?.file) return resolved(modules, next.file, next.name);
  const star = stars.find((from) => has(modules, from, name));
  if (!star) throw new Error(`build: ${relative(source, file)} has no ${name}`);
  return resolved(modules, star, name);
}

/** What a statement mentions of the package: files and names. */
function mentionedIn(ts, statement, { file, imports, declarations: own }) {
  const found = [];
  const walk = (node) => {
    if (ts.isImportTypeNode(node)) {
      const path = resolve(dirname(file), node.argument.literal.text.replace(/\.ts$/, ".d.ts"));
      if (node.qualifier)
        found.push({ file: path, name: node.qualifier.getText().split(".")[0], isType: !node.isTypeOf });
    }
    if (
      ts.isIdentifier(node) &&
      node.parent.name !== node &&
      !(ts.isQualifiedName(node.parent) && node.parent.right === node)
    ) {
      const isOurs = own.has(node.text) || imports.get(node.text)?.file;
      // what stands behind typeof has no name that a user could want
      if (isOurs)
        found.push({
          file,
          name: node.text,
          isType: !ts.isTypeQueryNode(node.parent) && !ts.isExportSpecifier(node.parent),
        });
    }
    ts.forEachChild(node, walk);
  };
  walk(statement);
  return found;
}

/** A declaration file with what is kept of it: its text, the global types in it, and the files that it names. */
function pruned(ts, { file, parsed, declarations: own }, kept, foreign, isKept) {
  const wanted = new Set(
    [...own.values()].filter((declaration) => kept.has(declaration)).flatMap(({ statements }) => statements),
  );
  const isPassedOn = (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier;
  const parts = parsed.statements.filter((statement) => wanted.has(statement) || ts.isExportDeclaration(statement));
  const words = new Set();
  const types = new Set();
  const from = new Set();
  const add = (path) => from.add(resolve(dirname(file), path.replace(/\.ts$/, ".d.ts")));
  const walk = (node) => {
    if (ts.isExportSpecifier(node) && !isKept(node.name.text)) return;
    if (ts.isIdentifier(node)) words.add(node.text);
    if (ts.isImportTypeNode(node)) add(node.argument.literal.text);
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName) && foreign.has(node.typeName.text))
      types.add(node.typeName.text);
    ts.forEachChild(node, walk);
  };
  for (const statement of parts) {
    walk(statement);
    if (isPassedOn(statement)) add(statement.moduleSpecifier.text);
  }
  const imports = [];
  for (const statement of parsed.statements.filter(ts.isImportDeclaration)) {
    const bindings = statement.importClause?.namedBindings;
    const specifier = statement.moduleSpecifier.text;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    const names = bindings.elements.filter(({ name }) => words.has(name.text));
    for (const { name } of bindings.elements) types.delete(name.text);
    if (names.length === 0) continue;
    if (specifier.startsWith(".")) add(specifier);
    imports.push(
      `import type { ${names.map((name) => name.getText().replace(/^type /, "")).join(", ")} } from "${specifier}";\n`,
    );
  }
  for (const name of own.keys()) types.delete(name);
  if (types.size > 0) {
    const up = relative(dirname(file), source).split(sep).join("/") || ".";
    imports.unshift(`import type { ${[...types].join(", ")} } from "${up}/globals.js";\n`);
  }
  const body = parts.map((statement) => written(ts, statement, isKept)).join("\n");
  const library = body.includes("[Symbol.dispose]") ? '/// <reference lib="esnext.disposable" />\n' : "";
  // the sources import "./x.ts"; beside modules, types must say "./x.js"
  const text = `${library}${imports.join("")}${body || "export {};"}\n`.replace(
    /(["'])(\.{1,2}\/[^"'\n]+)\.ts\1/g,
    "$1$2.js$1",
  );
  return { text, types, from };
}

/** A statement as it was, but for what it passes on of things that are not kept. */
function written(ts, statement, isKept) {
  const clause = ts.isExportDeclaration(statement) && statement.exportClause;
  if (!clause || !ts.isNamedExports(clause)) return statement.getFullText().trim();
  const names = clause.elements.filter(({ name }) => isKept(name.text)).map((element) => element.getText());
  const type = statement.isTypeOnly ? "type " : "";
  if (names.length === 0) return "";
  const from = statement.moduleSpecifier ? ` from ${statement.moduleSpecifier.getText()}` : "";
  return `export ${type}{ ${names.join(", ")} }${from};`;
}
