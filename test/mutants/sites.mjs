// sites — every place of a source where one token, changed, changes what is computed: operators, constants, signs, indices, conditions.
// Messages, types, checks of arguments and declarations are left alone: a changed message is no wrong number.
import ts from "typescript";

/** Binary operators of TypeScript and what takes their place. */
const OPERATORS = new Map([
  [ts.SyntaxKind.PlusToken, "-"],
  [ts.SyntaxKind.MinusToken, "+"],
  [ts.SyntaxKind.AsteriskToken, "/"],
  [ts.SyntaxKind.SlashToken, "*"],
  [ts.SyntaxKind.AsteriskAsteriskToken, "*"],
  [ts.SyntaxKind.PercentToken, "*"],
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.PlusEqualsToken, "-="],
  [ts.SyntaxKind.MinusEqualsToken, "+="],
  [ts.SyntaxKind.AsteriskEqualsToken, "/="],
  [ts.SyntaxKind.SlashEqualsToken, "*="],
]);

/** Functions of tensors and numbers, and another of the same arguments. */
const FUNCTIONS = new Map([
  ["add", "sub"],
  ["sub", "add"],
  ["mul", "div"],
  ["div", "mul"],
  ["maximum", "minimum"],
  ["minimum", "maximum"],
  ["max", "min"],
  ["min", "max"],
  ["exp", "neg"],
  ["log", "neg"],
  ["sqrt", "square"],
  ["square", "abs"],
  ["sum", "mean"],
  ["mean", "sum"],
  ["greater", "less"],
  ["less", "greater"],
  ["floor", "ceil"],
  ["ceil", "floor"],
]);

/** Calls whose arguments only say what is wrong with an argument. */
const CHECKS = /^(check\w*|show|quote|throw\w*)$/;

/**
 * Sites of a TypeScript source: { at, length, text, whole }, where `text` takes the place of `length` characters at `at`, and `whole` is
 * the expression about it. Functions change to others that are in scope.
 */
export function typescriptSites(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const imported = new Set();
  const sites = [];
  /** `around` is the expression that the change is in. */
  const add = (node, text, around = node, length = node.getWidth(tree)) =>
    sites.push({ at: node.getStart(tree), length, text, whole: [around.getStart(tree), around.getEnd()] });
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      if (named && ts.isNamedImports(named)) for (const { name } of named.elements) imported.add(name.text);
      return;
    }
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isThrowStatement(node) || ts.isTemplateExpression(node)) return;
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && CHECKS.test(node.expression.text)) return;
    if (ts.isBinaryExpression(node)) {
      const other = OPERATORS.get(node.operatorToken.kind);
      const ofText = [node.left, node.right].some(
        (side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side),
      );
      if (other && !ofText) add(node.operatorToken, other, node);
    }
    if (ts.isNumericLiteral(node) && node.parent.name !== node)
      add(node, node.text === "0" ? "1" : node.text === "1" ? "0" : `(2 * ${node.getText(tree)})`);
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) add(node, "+", node, 1);
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) add(node, "!!", node, 1);
    if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, "false");
    if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, "true");
    if (ts.isCallExpression(node)) {
      const { expression } = node;
      const isMath = ts.isPropertyAccessExpression(expression) && expression.expression.getText(tree) === "Math";
      const name = isMath ? expression.name : ts.isIdentifier(expression) ? expression : null;
      const other = name && FUNCTIONS.get(name.text);
      if (other && (isMath ? other in Math : imported.has(other))) add(name, other, node);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return sites;
}

/** WGSL: operators with spaces about them, whole and decimal constants, and functions of equal arguments; comments apart. */
const WGSL = [
  [
    / (\+|-|\*|\/|<|<=|>|>=|==|!=|&&|\|\|) /g,
    new Map(
      Object.entries({
        "+": "-",
        "-": "+",
        "*": "/",
        "/": "*",
        "<": "<=",
        "<=": "<",
        ">": ">=",
        ">=": ">",
        "==": "!=",
        "!=": "==",
        "&&": "||",
        "||": "&&",
      }),
    ),
  ],
  [/ (\+=|-=) /g, new Map(Object.entries({ "+=": "-=", "-=": "+=" }))],
  [
    /\b(max|min|floor|ceil|exp|log|select)(?=\()/g,
    new Map(Object.entries({ max: "min", min: "max", floor: "ceil", ceil: "floor", exp: "log", log: "exp" })),
  ],
  [/(?<![\w.@<])(\d+\.\d+|\d+u?)\b(?!\.)/g, null],
];

export function wgslSites(source) {
  const code = source.replace(/\/\/[^\n]*/g, (comment) => " ".repeat(comment.length));
  const sites = [];
  for (const [pattern, others] of WGSL)
    for (const match of code.matchAll(pattern)) {
      const found = match[1];
      const at = match.index + match[0].indexOf(found);
      const line = code.slice(code.lastIndexOf("\n", at) + 1, code.indexOf("\n", at));
      // bindings, attributes and types hold numbers that no kernel computes with
      if (/^\s*(@|struct|enable|alias|var<)/.test(line) || /array<[^>]*$/.test(line.slice(0, line.indexOf(found))))
        continue;
      const text = others
        ? others.get(found)
        : /^[01]u?$/.test(found)
          ? found.replace(/[01]/, (n) => (n === "0" ? "1" : "0"))
          : `(${found} + ${found})`;
      if (text) sites.push({ at, length: found.length, text });
    }
  return sites.sort((a, b) => a.at - b.at);
}

/** `source` with hits[n] = 1 wherever the expression of the n-th of `sites` is taken; `numbered` are [n, site]. */
export function counted(source, numbered) {
  const parts = numbered.flatMap(
    ([
      n,
      {
        whole: [from, to],
      },
    ]) => [
      { at: from, order: -to, text: `(globalThis.hits[${n}]=1,` },
      { at: to, order: -Infinity, text: ")" },
    ],
  );
  parts.sort((a, b) => a.at - b.at || a.order - b.order);
  let text = "";
  let last = 0;
  for (const part of parts) {
    text += source.slice(last, part.at) + part.text;
    last = part.at;
  }
  return text + source.slice(last);
}

export const sitesOf = (file, source) => (file.endsWith(".wgsl") ? wgslSites(source) : typescriptSites(file, source));
