/**
 * The JSON header of a safetensors file, read by its own small grammar: nothing else is accepted, a key given twice is
 * seen, and a name such as __proto__ is only a name.
 */
import { check, LatentError, quote } from "./errors.ts";
import { Scanner } from "./scanner.ts";

export const maxTensors = 10_000;
export const maxRank = 8;
export const maxHeaderBytes = 8 * 2 ** 20;
export const metadataKey = "__metadata__";

/** One tensor as the header states it; begin and end are bytes from the start of the payload. */
export interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

export interface Header {
  entries: Entry[];
  metadata: Map<string, string>;
}

/** Throws LatentError: "format" on other text, "limit" on more tensors, metadata keys or axes than allowed. */
export function parseHeader(text: string, where: string): Header {
  check(text.startsWith("{"), "format", where, () => {
    return `header is not JSON. Expected it to start with "{"; got ${quote(text.slice(0, 8))}.`;
  });
  const scanner = new Scanner(text, where);
  const names = new Set<string>();
  const entries: Entry[] = [];
  let metadata: Map<string, string> | undefined;
  object(scanner, (name) => {
    if (name === metadataKey) {
      check(metadata === undefined, "format", where, () => `${metadataKey} comes twice. Expected it once; got two.`);
      metadata = strings(scanner);
      return;
    }
    check(!names.has(name), "format", where, () => `a tensor comes twice. Expected one ${quote(name)}; got two.`);
    check(names.size < maxTensors, "limit", where, () => `too many tensors. Expected at most ${maxTensors}; got more.`);
    names.add(name);
    entries.push(tensor(scanner, name));
  });
  if (scanner.peek() !== "") scanner.fail("nothing but spaces after the header");
  return { entries, metadata: metadata ?? new Map() };
}

/** `{ "key": value, … }`, with `member(key)` reading each value. */
function object(scanner: Scanner, member: (key: string) => void): void {
  scanner.expect("{");
  if (scanner.accept("}")) return;
  do {
    const key = string(scanner);
    scanner.expect(":");
    member(key);
  } while (scanner.accept(","));
  scanner.expect("}");
}

function strings(scanner: Scanner): Map<string, string> {
  const { where } = scanner;
  const found = new Map<string, string>();
  object(scanner, (key) => {
    check(!found.has(key), "format", where, () => `metadata repeats a key. Expected one ${quote(key)}; got two.`);
    check(
      found.size < maxTensors,
      "limit",
      where,
      () => `too much metadata. Expected at most ${maxTensors} keys; got more.`,
    );
    found.set(key, string(scanner));
  });
  return found;
}

function tensor(scanner: Scanner, name: string): Entry {
  const { where } = scanner;
  const found: { dtype?: string; shape?: number[]; data_offsets?: number[] } = {};
  object(scanner, (key) => {
    const isKnown = key === "dtype" || key === "shape" || key === "data_offsets";
    check(isKnown, "format", where, () => {
      return `tensor ${quote(name)} has an unknown key. Expected only dtype, shape, data_offsets; got ${quote(key)}.`;
    });
    check(found[key] === undefined, "format", where, () => {
      return `tensor ${quote(name)} repeats a key. Expected one ${key}; got two.`;
    });
    if (key === "dtype") found.dtype = string(scanner);
    else if (key === "shape") found.shape = numbers(scanner, maxRank, "axes", name);
    else found.data_offsets = numbers(scanner, 2, "data_offsets", name);
  });
  const { dtype, shape, data_offsets: offsets } = found;
  const [begin, end] = offsets ?? [];
  const complete = dtype !== undefined && shape !== undefined && begin !== undefined && end !== undefined;
  check(complete, "format", where, () => {
    const given = `${Object.keys(found).join(", ") || "none"}, ${offsets?.length ?? 0} offsets`;
    return `tensor ${quote(name)} is incomplete. Expected dtype, shape and two data_offsets; got ${given}.`;
  });
  return { name, dtype, shape, begin, end };
}

function numbers(scanner: Scanner, most: number, noun: string, name: string): number[] {
  const found: number[] = [];
  scanner.expect("[");
  if (scanner.accept("]")) return found;
  do {
    check(found.length < most, "limit", scanner.where, () => {
      return `tensor ${quote(name)} has too many ${noun}. Expected at most ${most}; got more.`;
    });
    found.push(scanner.wholeNumber());
  } while (scanner.accept(","));
  scanner.expect("]");
  return found;
}

/** A JSON string. What holds an escape, or something that must be one, goes through JSON.parse: from quote to quote. */
function string(scanner: Scanner): string {
  if (scanner.peek() !== '"') scanner.fail('"\\""');
  const { text, at: start } = scanner;
  const end = closingQuote(text, start + 1);
  if (end < 0) scanner.fail("a string that ends");
  const content = text.slice(start + 1, end);
  scanner.at = end + 1;
  // oxlint-disable-next-line no-control-regex -- JSON forbids them in strings
  if (!/[\\\u0000-\u001f]/.test(content)) return content;
  try {
    return JSON.parse(`"${content}"`) as string;
  } catch (cause) {
    const found = quote(text.slice(start, start + 24));
    const detail = `header breaks its grammar at character ${start}. Expected a JSON string; got ${found}.`;
    throw new LatentError("format", `${scanner.where}: ${detail}`, { cause });
  }
}

/** Index of the first quote from `from` on that no backslash escapes; −1 if there is none. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (first > from && text[first - 1] === "\\") first--;
    if ((at - first) % 2 === 0) return at;
  }
  return -1;
}
