import { LatentError, quote } from "../../formats/errors.ts";

/** An option of a command: how it is written, what it takes, and what it does. */
export interface OptionRule {
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in the help; absent where it takes none. */
  readonly value?: string;
  readonly help: string;
}

/** A command: its arguments, its options, and a sentence about it. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Fewest and most words that are no options. */
  readonly operands: readonly [least: number, most: number];
  readonly options: readonly OptionRule[];
  readonly notes?: readonly string[];
}

/** What stood on the command line: options by their name without dashes, "" for those without a value. */
export interface Words {
  readonly operands: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** Marks an error as one of the command line, so that the exit code can say so. */
export const USAGE = Symbol("usage");

/** Throws an error of the command line unless `holds`. */
export function checkUsage(holds: boolean, where: string, detail: () => string): asserts holds {
  if (!holds) throw new LatentError("argument", `${where}: ${detail()}`, { cause: USAGE });
}

/** Words of a command line by their meaning. Throws LatentError("argument") with what was expected. */
export function wordsOf(command: Command, words: readonly string[]): Words {
  const where = command.name;
  const rules = [...command.options, HELP];
  const operands: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      operands.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const [name, joined] = word.split(/=(.*)/s, 2) as [string, string | undefined];
    const rule = rules.find((one) => name === `--${one.name}` || (one.short !== undefined && name === `-${one.short}`));
    checkUsage(rule !== undefined, where, () => {
      return `unknown option. Expected ${rules.map((one) => `--${one.name}`).join(", ")}; got ${quote(word)}.`;
    });
    checkUsage(!options.has(rule.name), where, () => `--${rule.name} comes twice. Expected it once.`);
    if (rule.value === undefined) {
      checkUsage(joined === undefined, where, () => `--${rule.name} takes no value. Got ${quote(joined!)}.`);
      options.set(rule.name, "");
    } else {
      const value = joined ?? words[++i];
      checkUsage(value !== undefined && value !== "", where, () => `--${rule.name} needs a value: ${rule.value}.`);
      options.set(rule.name, value);
    }
  }
  const [least, most] = command.operands;
  checkUsage(options.has("help") || (operands.length >= least && operands.length <= most), where, () => {
    return `unusable arguments. Expected ${command.usage}; got ${operands.map((word) => quote(word)).join(" ") || "none"}.`;
  });
  return { operands, options };
}

const HELP: OptionRule = { name: "help", short: "h", help: "this text" };

/** A whole number from `least` to `most`, or undefined where the option was not given. */
export function wholeOption(
  where: string,
  words: Words,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = words.options.get(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  checkUsage(value >= least && value <= most, where, () => {
    return `--${name} is out of range. Expected a whole number from ${least} to ${most}; got ${quote(text)}.`;
  });
  return value;
}

/** One of a few words, or the first of them where the option was not given. */
export function choiceOption<T extends string>(
  where: string,
  words: Words,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const text = words.options.get(name) ?? choices[0];
  checkUsage((choices as readonly string[]).includes(text), where, () => {
    return `--${name} is unknown. Expected ${choices.join(" or ")}; got ${quote(text)}.`;
  });
  return text as T;
}

/** The value of an option that has to be given. */
export function neededOption(where: string, words: Words, name: string): string {
  const text = words.options.get(name);
  checkUsage(text !== undefined, where, () => `--${name} is missing.`);
  return text;
}

/** What `--help` prints of a command. */
export function helpOf({ usage, summary, options, notes = [] }: Command): string {
  const rows = [...options, HELP].map(({ name, short, value, help }) => {
    return [`  ${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`, help] as const;
  });
  const room = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.map(([left, help]) => `${left.padEnd(room)}${help.split("\n").join(`\n${" ".repeat(room)}`)}`);
  return [`npx latentgpu ${usage}`, "", summary, "", ...lines, ...(notes.length ? ["", ...notes] : []), ""].join("\n");
}
