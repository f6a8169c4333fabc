// expand — the whole text of a kernel: what it includes, and lines that it repeats.
//
//   //#include "lib/x.wgsl"                 that file's text, once per kernel
//   //#repeat i in 0..4, c in x y z w       the lines down to //#end, once for each i and c, the last one fastest;
//                                           behind a line: that line
//   {i}                                     in them, the number or word
//
// A range may end at a constant of the kernel that is written without a type (`const PIXELS = 4;`), which no host changes. What a
// repetition adds as ` + 0u` or ` + 0u * x` is left out.

const ZERO = / \+ 0u(?: \* [\w.]+)*(?=[,;)\]]| [+-])/g;

/** The numbers or words that `list` names: "0..4", or words with spaces between them. */
function valuesOf(list, numbers) {
  const [, first, end] = list.match(/^(\w+)\.\.(\w+)$/) ?? [];
  if (end === undefined) return /^\w+( \w+)*$/.test(list) ? list.split(" ") : undefined;
  const [from, to] = [first, end].map((bound) => numbers.get(bound) ?? Number(bound));
  return Number.isInteger(from) && Number.isInteger(to)
    ? Array.from({ length: Math.max(0, to - from) }, (_, n) => String(from + n))
    : undefined;
}

/** Every choice of values that `loops` ("i in 0..4, j in 0..2") go through: name → value, the last one fastest. */
function choices(file, loops, numbers) {
  return loops.split(",").reduce(
    (before, loop) => {
      const [, name, list] = loop.trim().match(/^(\w+) in (.+)$/) ?? [];
      const values = list && valuesOf(list, numbers);
      if (values === undefined)
        throw new Error(`${file}: //#repeat ${loops}: expected "name in first..end" or "name in words"`);
      return before.flatMap((choice) => values.map((value) => new Map([...choice, [name, value]])));
    },
    [new Map()],
  );
}

/** The position of the //#end that closes the //#repeat at `open`. */
function endOf(file, lines, open) {
  let depth = 0;
  for (let at = open; at < lines.length; at++) {
    if (/^\s*\/\/#repeat /.test(lines[at])) depth++;
    if (/^\s*\/\/#end$/.test(lines[at]) && --depth === 0) return at;
  }
  throw new Error(`${file}: ${lines[open].trim()} has no //#end`);
}

/** `lines` with what they repeat written out. */
function repeated(file, lines, numbers) {
  const found = [];
  for (let at = 0; at < lines.length; at++) {
    const [, code, loops] = lines[at].match(/^(.*?)\s*\/\/#repeat (.+)$/) ?? [];
    if (/^\s*\/\/#end$/.test(lines[at])) throw new Error(`${file}: an //#end has no //#repeat`);
    if (loops === undefined) {
      found.push(lines[at]);
      continue;
    }
    const end = code === "" ? endOf(file, lines, at) : at;
    const body = code === "" ? lines.slice(at + 1, end) : [code];
    for (const choice of choices(file, loops, numbers)) {
      const written = body.map((line) => line.replace(/\{(\w+)\}/g, (text, name) => choice.get(name) ?? text));
      found.push(...repeated(file, written, numbers).map((line) => line.replace(ZERO, "")));
    }
    at = end;
  }
  return found;
}

/** `text` and what it includes, in order and each file once: { file, text }. `read` gives an included file's text. */
function included(file, text, read, seen = new Set()) {
  return text.split(/^(\/\/#include .*\n?)/m).flatMap((part) => {
    const [, quoted] = part.match(/^\/\/#include (.*)/) ?? [];
    if (quoted === undefined) return part === "" ? [] : [{ file, text: part }];
    const [, name] = quoted.match(/^"(.+)"$/) ?? [];
    const found = name === undefined ? undefined : read(name);
    if (found === undefined) throw new Error(`${file}: unknown include ${quoted}`);
    if (seen.has(name)) return [];
    seen.add(name);
    return included(name, found, read, seen);
  });
}

/** The pieces that a kernel's text is put together from, with all repetitions written out: [{ file, text }]. */
export function pieces(file, text, read) {
  const parts = included(file, text, read);
  const numbers = new Map(
    parts.flatMap((part) =>
      [...part.text.matchAll(/^const ([A-Z][A-Z0-9_]*) = (\d+);/gm)].map(([, name, value]) => [name, Number(value)]),
    ),
  );
  return parts.map((part) => ({
    file: part.file,
    text: repeated(part.file, part.text.split("\n"), numbers).join("\n"),
  }));
}
