// minify — what a compiler reads of a kernel, in fewer bytes: no comments, no indents, and short names for what only the kernel
// itself names. Tokens stay in their order and lines break after statements, so results keep their bits and a compiler's messages
// a line to point at.
//
// Kept as written: whatever the host looks for or writes into hooks — constants, buffers, textures, parameters, entry points, hooks with
// their bodies, and the functions and variables of lib/.

import { RESERVED } from "./reserved.mjs";

const TOKEN =
  /\/\/#hook|\/\/[^\n]*|[A-Za-z_]\w*|(?:0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?|\d[\d.]*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)[uifh]?|\s+|[^\s\w]/g;
const HOOK = "//#hook";
const isName = (token) => /^[A-Za-z_]/.test(token);
const isWord = (token) => /^[\w.]/.test(token);
/** Pairs that would read as one operator if they touched. */
const JOINED = new Set([
  "--",
  "++",
  "&&",
  "||",
  "<<",
  ">>",
  "==",
  "<=",
  ">=",
  "!=",
  "+=",
  "-=",
  "*=",
  "/=",
  "->",
  "/*",
  "//",
]);

/** 0.5 as .5, and 2.0 as 2. */
const shorter = (number) => (Number(number) === 0 ? "0." : number.replace(/^0\./, ".").replace(/\.0+$/, "."));

/** The tokens of `text`, without comments, each with the space that was before it. */
function tokensOf(text) {
  const tokens = [];
  let space = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^\s/.test(token)) space += token;
    else if (token.startsWith("//") && token !== HOOK) continue;
    else {
      tokens.push({ token: /^\d+\.\d*$|^0\.\d/.test(token) ? shorter(token) : token, space });
      space = "";
    }
  }
  return tokens;
}

/** The position of the brace that closes the one at `open`. */
function closing(tokens, open) {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at].token === "{") depth++;
    if (tokens[at].token === "}" && --depth === 0) return at;
  }
  throw new Error("minify: a brace is not closed");
}

/** What a text declares outside of functions, and where its functions are. */
function declarations(tokens) {
  const found = { functions: [], structs: [], params: [], variables: [], constants: [], spans: [] };
  let isEntry = false;
  for (let at = 0; at < tokens.length; at++) {
    const { token } = tokens[at];
    const name = tokens[at + 1]?.token;
    if (token === "compute") isEntry = true;
    if (token === "fn") {
      const isHook = tokens[at - 1]?.token === HOOK;
      const open = tokens.findIndex((t, n) => n > at && t.token === "{");
      const end = closing(tokens, open);
      found.spans.push({ start: at + 2, end, isHook });
      const signature = tokens
        .slice(at + 2, open)
        .map((t) => t.token)
        .join("");
      found.functions.push({ name, signature, isFixed: isHook || isEntry });
      isEntry = false;
      at = end;
    } else if (token === "struct") {
      const end = closing(tokens, at + 2);
      const names = tokens
        .slice(at + 3, end)
        .filter((t, n, all) => all[n + 1]?.token === ":")
        .map((t) => t.token);
      if (name === "Params") found.params.push(...names);
      else {
        found.structs.push({ name, members: names, start: at + 3, end });
      }
      at = end;
    } else if (token === "var") {
      const colon = tokens.findIndex((t, n) => n > at && t.token === ":");
      found.variables.push({
        name: tokens[colon - 1].token,
        // a texture has no address space, but a place among the bindings
        isBuffer: /^(storage|uniform)$/.test(tokens[at + 2].token) || tokens[at - 1]?.token === ")",
      });
      at = tokens.findIndex((t, n) => n > colon && t.token === ";");
    } else if (token === "const") found.constants.push(name);
  }
  return found;
}

/** Names that a function declares itself: parameters and what follows let, var and const. */
function localsOf(tokens, { start, end }) {
  const locals = new Set();
  const body = tokens.findIndex((t, n) => n > start && t.token === "{");
  for (let at = start; at < end; at++) {
    const { token } = tokens[at];
    const isParameter = at < body && isName(token) && tokens[at + 1].token === ":";
    const isDeclared = /^(let|var|const)$/.test(tokens[at - 1].token) && isName(token);
    if (isParameter || isDeclared) locals.add(token);
  }
  return locals;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz".split("");
const CAPITALS = LETTERS.map((letter) => letter.toUpperCase());
/** Short names, the shortest first: of one letter, then with a digit behind it. */
function* shortNames(letters) {
  yield* letters;
  for (const tail of ["0123456789".split(""), LETTERS].flat()) for (const letter of letters) yield letter + tail;
}

/** Keywords, and what may stand for parts of a vector. */
const TAKEN = /^(if|fn)$|^[xyzw]{2}$|^[rgba]{2}$/;

/** The first short name that is none of `taken`. */
function fresh(letters, taken) {
  for (const name of shortNames(letters)) if (!taken.has(name) && !RESERVED.has(name) && !TAKEN.test(name)) return name;
  throw new Error("minify: no short name is left");
}

/** What a function calls its own, how often, and what else it names. */
function localGroup(tokens, span) {
  const own = new Map([...localsOf(tokens, span)].map((name) => [name, 0]));
  const others = new Set();
  for (let at = span.start; at < span.end; at++) {
    const { token } = tokens[at];
    if (own.has(token) && isPlain(tokens, at)) own.set(token, own.get(token) + 1);
    else others.add(token);
  }
  return { own: span.isHook ? new Map() : own, others };
}

/** Those of `tokens` that are among `names`, how often, and the others. */
function countedGroup(tokens, names) {
  const own = new Map();
  const others = new Set();
  for (const { token } of tokens)
    if (names.has(token)) own.set(token, (own.get(token) ?? 0) + 1);
    else others.add(token);
  return { own, others };
}

/**
 * Short names for what `groups` name their own: a word has the same one everywhere, and words that meet in no group may share
 * one. The most frequent words choose first.
 */
function coloured(groups, letters) {
  const words = new Map();
  for (const { own, others } of groups)
    for (const [name, count] of own) {
      const word = words.get(name) ?? { count: 0, taken: new Set() };
      word.count += Math.sqrt(count); // one function that names it often weighs less than many that do
      for (const other of others) word.taken.add(other);
      words.set(name, word);
    }
  const found = new Map();
  for (const [name, { taken }] of [...words].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))) {
    const short = fresh(letters, taken);
    found.set(name, short);
    for (const { own } of groups) if (own.has(name)) for (const other of own.keys()) words.get(other).taken.add(short);
  }
  return found;
}

/** Whether the token at a position names what it says: no part of a value, no builtin, no function. */
const isPlain = (tokens, at) =>
  tokens[at - 1].token !== "." &&
  !(tokens[at - 1].token === "(" && tokens[at - 2].token === "builtin") &&
  !(tokens[at + 1].token === "(" && !/^(let|var|const)$/.test(tokens[at - 1].token));

/** Whether a function takes numbers only: hooks may call it. */
const isScalar = (signature) => !/vec|mat|ptr|array|:[A-Z]/.test(signature.replace(/->.*$/, ""));

/**
 * A function that minifies any part of the `kernels` (each the parts { file, text } that it is put together from), all with the same
 * names, so that a text looks the same wherever it is included. With `names` they stay, for whoever reads a compiler's message.
 */
export function minifier(kernels, { names: areKept = false } = {}) {
  const parts = new Map();
  for (const { file, text } of kernels.flat())
    if (!parts.has(text)) {
      const tokens = tokensOf(text);
      parts.set(text, { isLibrary: file.startsWith("lib/"), tokens, declared: declarations(tokens) });
    }
  const short = new Map();
  const minified = (names) => (text) => {
    if (!short.has(text)) short.set(text, written(parts.get(text).tokens, names));
    return short.get(text);
  };
  if (areKept) return minified({ globals: new Map(), members: new Map(), locals: new Map() });
  const all = [...parts.values()];
  const kept = new Set(
    all.flatMap(({ isLibrary, declared: { params, constants, functions, variables } }) => [
      ...params,
      ...constants,
      ...functions.filter((f) => f.isFixed || (isLibrary && isScalar(f.signature))).map(({ name }) => name),
      ...variables.filter((v) => v.isBuffer || isLibrary).map(({ name }) => name),
    ]),
  );
  const free = (names) => new Set(names.filter((name) => !kept.has(name)));
  const globals = free(
    all.flatMap(({ declared: { structs, functions, variables } }) => [
      ...structs.map(({ name }) => name),
      ...[...functions, ...variables].map(({ name }) => name),
    ]),
  );
  const members = free(all.flatMap(({ declared }) => declared.structs.flatMap((struct) => struct.members)));
  for (const part of "xyzwrgba") members.delete(part); // those of vectors
  const whole = kernels.map((own) => own.flatMap(({ text }) => parts.get(text).tokens));
  return minified({
    globals: coloured(
      whole.map((tokens) => countedGroup(tokens, globals)),
      CAPITALS,
    ),
    members: coloured(
      all.flatMap(({ declared, tokens }) =>
        declared.structs.map((struct) => countedGroup(tokens.slice(struct.start, struct.end), members)),
      ),
      LETTERS,
    ),
    locals: coloured(
      all.flatMap(({ tokens, declared }) => declared.spans.map((span) => localGroup(tokens, span))),
      LETTERS,
    ),
  });
}

/** The tokens with their new names, as text. */
function written(tokens, { globals, members, locals }) {
  const names = tokens.map(({ token }) => globals.get(token) ?? token);
  const isStructAt = structPositions(tokens);
  for (const [at, { token }] of tokens.entries()) {
    const isMember = tokens[at - 1]?.token === "." || (isStructAt.has(at) && tokens[at + 1]?.token === ":");
    if (isMember) names[at] = members.get(token) ?? token;
  }
  for (const span of declarations(tokens).spans) rename(tokens, span, names, locals);
  let text = "";
  let last = "";
  for (const [at, name] of names.entries()) {
    if (name === "," && /^[)}]$/.test(names[at + 1])) continue;
    const { space } = tokens[at];
    if (space.includes("\n") && (/[;{}]$/.test(last) || last === HOOK)) text += "\n";
    else if (space && ((isWord(last.at(-1) ?? "(") && isWord(name)) || JOINED.has((last.at(-1) ?? "") + name[0])))
      text += " ";
    text += name;
    last = name;
  }
  return text && `${text}\n`;
}

/** Where the members of structs stand. */
function structPositions(tokens) {
  const found = new Set();
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at].token !== "struct") continue;
    const end = closing(tokens, at + 2);
    for (; at < end; at++) found.add(at);
  }
  return found;
}

/** Gives the locals of the function at `span` their short names. A hook's stay: its body may be replaced. */
function rename(tokens, span, names, short) {
  const locals = localsOf(tokens, span);
  for (let at = span.start; at < span.end; at++)
    if (isPlain(tokens, at) && locals.has(tokens[at].token))
      names[at] = (span.isHook ? undefined : short.get(tokens[at].token)) ?? tokens[at].token;
}
