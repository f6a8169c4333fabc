import { LatentError, quote } from "./errors.ts";

const digits = /0|[1-9]\d{0,15}/y;
const wordCharacter = /[\w.+-]/;
const nothing = /(?:)/y;

/** Reads a short text from left to right; what it does not expect is a LatentError("format") with the position. */
export class Scanner {
  readonly text: string;
  readonly where: string;
  /** index of the next character */
  at = 0;

  constructor(text: string, where: string) {
    this.text = text;
    this.where = where;
  }

  /** The next character that is not white space, not consumed; "" at the end. */
  peek(): string {
    let next = this.text[this.at];
    while (next === " " || next === "\n" || next === "\t" || next === "\r") next = this.text[++this.at];
    return next ?? "";
  }

  /** Consumes `character` if it comes next, and says whether it did. */
  accept(character: string): boolean {
    const found = this.peek() === character;
    if (found) this.at++;
    return found;
  }

  expect(character: string): void {
    if (!this.accept(character)) this.fail(quote(character));
  }

  /** What the sticky `pattern` matches here, consumed; undefined, and nothing consumed, if it does not match. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  /** A whole number from 0 to 2⁵³ − 1, in plain digits without a leading zero; what `suffix` matches may follow at once. */
  wholeNumber(suffix = nothing): number {
    this.peek();
    const start = this.at;
    const value = Number(this.take(digits));
    this.take(suffix);
    if (Number.isSafeInteger(value) && !wordCharacter.test(this.text[this.at] ?? "")) return value;
    this.at = start;
    return this.fail("a whole number from 0 to 2^53 - 1");
  }

  /** Throws: `expected` did not come at the present position. */
  fail(expected: string): never {
    const rest = this.text.slice(this.at, this.at + 24);
    const found = rest === "" ? "the end of the header" : quote(rest);
    const detail = `header breaks its grammar at character ${this.at}. Expected ${expected}; got ${found}.`;
    throw new LatentError("format", `${this.where}: ${detail}`);
  }
}
