import { type Child, h, type Markup } from "../../report/markup.ts";

const FENCES = new Set(["(", ")", "[", "]", "∣", "|", "‖"]);

/** Names of more than one letter. */
const NAMES = ["ln", "KL"];

/** One sign as MathML has it: a name, a number, or an operator. Brackets keep their size; a minus behind one belongs to what follows. */
function sign(text: string, before: string | undefined): Markup[] {
  if (/^\d/.test(text)) return [h("mn", {}, text)];
  if (text === "ln") return [h("mi", {}, text), h("mspace", { width: "0.17em" })];
  if (/^\p{L}/u.test(text)) return [h("mi", {}, text)];
  const isPrefix = text === "−" && (before === "(" || before === "[");
  return [h("mo", FENCES.has(text) ? { stretchy: "false" } : isPrefix ? { form: "prefix" } : {}, text)];
}

const SIGNS = new RegExp(`${NAMES.join("|")}|\\p{L}|\\d+(?:\\.\\d+)?|\\S`, "gu");

/** A row of signs and parts: text is taken apart into names, numbers and operators. */
export const row = (...parts: readonly (string | Markup)[]): Markup =>
  h(
    "mrow",
    {},
    parts.map((part): Child =>
      typeof part === "string" ? (part.match(SIGNS) ?? []).map((text, i, all) => sign(text, all[i - 1])) : part,
    ),
  );

const both = (tag: string, ...parts: readonly (string | Markup)[]): Markup =>
  h(
    tag,
    {},
    parts.map((part) => (typeof part === "string" ? row(part) : part)),
  );

/** base with an index. */
export const index = (base: string | Markup, below: string): Markup => both("msub", base, below);
/** base to a power. */
export const power = (base: string | Markup, above: string): Markup => both("msup", base, above);
/** base with an index, to a power. */
export const indexPower = (base: string, below: string, above: string): Markup => both("msubsup", base, below, above);
/** above / below. */
export const fraction = (above: string | Markup, below: string | Markup): Markup => both("mfrac", above, below);
/** √of */
export const radical = (of: string | Markup): Markup => both("msqrt", of);
/** ∑ over what stands below it, to what stands above it. */
export const sum = (below: string, above?: string): Markup =>
  above === undefined ? both("munder", "∑", below) : both("munderover", "∑", below, above);

/** A formula on a line of its own, or on several. */
export const formula = (...rows: readonly Markup[]): Markup =>
  h(
    "math",
    { display: "block" },
    rows.length === 1
      ? rows[0]!
      : h(
          "mtable",
          { displaystyle: "true" },
          rows.map((one) => h("mtr", {}, h("mtd", {}, one))),
        ),
  );
