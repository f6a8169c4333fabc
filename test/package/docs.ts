import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** A public name, or a member of one (`Name.member`). */
interface Documented {
  readonly name: string;
  /** The declaration file. */
  readonly path: string;
  /** The text of its comment; empty without one. */
  readonly doc: string;
  /** Functions and classes, which show how they are called. */
  readonly shows: boolean;
}

const textOf = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .map((part) => part.getText())
    .join("\n");

/** Every exported name of a package's declaration files, and every member of its classes, interfaces and objects. */
export function documented(dist: string): Documented[] {
  const found = new Map<string, Documented>();
  for (const path of readdirSync(dist, { recursive: true }).map(String)) {
    if (!path.endsWith(".d.ts") || path === "globals.d.ts") continue;
    const add = (name: string, doc: string, shows = false) => {
      const known = found.get(`${path} ${name}`);
      if (!known?.doc) found.set(`${path} ${name}`, { name, path, doc, shows: shows || (known?.shows ?? false) });
    };
    const file = ts.createSourceFile(path, readFileSync(join(dist, path), "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of file.statements) {
      const isExported =
        ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
      if (!isExported) continue;
      if (ts.isVariableStatement(statement)) {
        const { name, type } = statement.declarationList.declarations[0]!;
        add(name.getText(), textOf(statement), type && ts.isFunctionTypeNode(type));
        if (type && ts.isTypeLiteralNode(type)) members(name.getText(), type.members, add);
      } else if (ts.isFunctionDeclaration(statement)) add(statement.name!.text, textOf(statement), true);
      else if (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement)) {
        const name = statement.name!.text;
        add(name, textOf(statement), ts.isClassDeclaration(statement));
        members(name, statement.members, add);
      } else if (ts.isTypeAliasDeclaration(statement)) {
        add(statement.name.text, textOf(statement));
        if (ts.isTypeLiteralNode(statement.type)) members(statement.name.text, statement.type.members, add);
      }
    }
  }
  return [...found.values()];
}

function members(
  owner: string,
  nodes: ts.NodeArray<ts.ClassElement | ts.TypeElement>,
  add: (name: string, doc: string) => void,
): void {
  for (const node of nodes) {
    if (!node.name || ts.isPrivateIdentifier(node.name)) continue;
    add(`${owner}.${node.name.getText()}`, textOf(node));
  }
}

/** The indented blocks of a comment that call or name `name`: its examples. */
export function examplesOf({ name, doc }: Documented): string[] {
  const lines = doc.split("\n").map((line) => line.replace(/^\s*\/?\*+ ?/, "").replace(/\*\/$/, ""));
  const blocks: string[] = [];
  let block: string[] = [];
  for (const line of [...lines, ""]) {
    if (/^ {4}\S|^ {5}/.test(line)) block.push(line.slice(4));
    else if (block.length > 0) {
      blocks.push(block.join("\n"));
      block = [];
    }
  }
  const own = new RegExp(`\\b${name.split(".").at(-1)!}\\b`);
  return blocks.filter((text) => own.test(text) && isCode(text));
}

/** Whether a text is TypeScript: formulas are not. */
function isCode(text: string): boolean {
  const { diagnostics } = ts.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext },
  });
  return diagnostics?.length === 0;
}

/** What examples may use without saying where it comes from. */
const given = `
  gpu: Gpu; x: Tensor<"f32">; y: Tensor<"f32">; a: Tensor<"f32">; b: Tensor<"f32">; w: Tensor<"f32">; weight: Tensor<"f32">; bias: Tensor<"f32">;
  mu: Tensor<"f32">; logVar: Tensor<"f32">; logits: Tensor<"f32">; probabilities: Tensor<"f32">; output: Tensor<"f32">; features: Tensor<"f32">; loss: Tensor<"f32">;
  target: Tensor<"f32">; labels: Tensor<"u32">; table: Tensor<"f32">; indices: Tensor<"i32">; scale: Tensor<"f32">; q: Tensor<"f32">; k: Tensor<"f32">; v: Tensor<"f32">;
  file: Uint8Array<ArrayBuffer>; pixels: Uint8Array<ArrayBuffer>; step: Tensor<"u32">; running: Record<"mean" | "variance", Tensor<"f32">>; data: Dataset; model: VAE; task: Task; files: MnistFiles; pass: GPUComputePassEncoder; device: GPUDevice; buffer: GPUBuffer;
`;

/** One module of all examples: each a function of what it is given; those that say numbers hand over what they found. */
export function exampleModule(
  all: readonly Documented[],
  exported: { readonly [from: string]: readonly string[] },
): string {
  const values = Object.entries(exported).map(([from, names]) => `import { ${names.join(", ")} } from "${from}";`);
  const functions = all.flatMap((one) =>
    examplesOf(one).map((text, n) => {
      const body = text
        .replace(/^import .*\n?/gm, "")
        .replace(
          /^(await .*?(?:read|item)\(\));? *\/\/ (.*)$/gm,
          (_, call: string, said: string) => `check(${call}, ${JSON.stringify(said)});`,
        );
      return `  ${JSON.stringify(`${one.path} ${one.name} ${n}`)}: async ({ ${[...given.matchAll(/(\w+):/g)].map(([, name]) => name).join(", ")} }: Given, check: (found: unknown, said: string) => void) => {{\n${body}\n  }},`;
    }),
  );
  return `${values.join("\n")}
const { det, eigh, inverse, logdet, qr, solve } = linalg;
interface Given {${given}}
export const examples = {
${functions.join("\n")}
};
`;
}
