/**
 * The language of options: a model, a measure or a fit has a table of them, by name.
 *
 *     const table = { k: whole(1, 5), kernel: oneOf("rbf", "cosine"), sigma: optional(above(0)), clusters: whole(1) };
 *
 * `k` and `kernel` have defaults, 5 and "rbf"; `sigma` may be left out, and whoever reads it decides what it is then; `clusters` must be given.
 */

import { check, checkOptions, named, quote } from "./errors.ts";

/** One option: what it is without a word, and what it may be. */
export interface Option<T> {
  /** What it is where nothing is said; undefined where something must be, or where that is for its reader to decide. */
  readonly default: T;
  /** Its value, checked. Throws LatentError("argument"). */
  read(where: string, name: string, value: unknown): T;
}

/** Options by name. */
export type OptionTable = { readonly [name: string]: Option<unknown> };

/** The values that a table of options gives. */
export type ValuesOf<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

/**
 * The values of a table's options: given ones checked, others as the table says. `further` are names that the caller reads itself, and then any
 * other is refused; without it names were checked before.
 */
export function readOptions<T extends OptionTable>(
  where: string,
  table: T,
  given: object,
  further?: readonly string[],
): ValuesOf<T> {
  if (further) checkOptions(where, given, [...Object.keys(table), ...further]);
  const values = given as { readonly [name: string]: unknown };
  return Object.fromEntries(
    Object.entries(table).map(([name, { default: standard, read }]) => [
      name,
      read(where, name, values[name] === undefined ? standard : values[name]),
    ]),
  ) as ValuesOf<T>;
}

/** An option of its own kind: `expected` says in words what `holds` asks. Without a default it must be given. */
// @__NO_SIDE_EFFECTS__: bundlers leave out models and measures that nobody uses
export const option = <T>(
  standard: T | undefined,
  expected: string,
  holds: (value: unknown) => boolean,
): Option<T> => ({
  default: standard as T,
  read(where, name, value) {
    check(holds(value), "argument", where, () => `expected ${name} ${expected}; got ${told(value)}.`);
    return value as T;
  },
});

/** Whether a value says itself what it is, as a tensor does: "Tensor f32 [2, 3]". */
const isOwnText = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "dtype" in value &&
  Object.prototype.toString !== Object.getPrototypeOf(value)?.toString;

/** A value as a message shows it: text quoted, a list by its first entries, else what it is. */
function told(value: unknown): string {
  const one = (entry: unknown) =>
    typeof entry === "string" ? quote(entry) : isOwnText(entry) ? String(entry) : named(entry);
  if (!Array.isArray(value)) return one(value);
  return `[${value.slice(0, 8).map(one).join(", ")}${value.length > 8 ? ", …" : ""}]`;
}

/** An option that may be left out: undefined then. */
// @__NO_SIDE_EFFECTS__
export const optional = <T>({ read }: Option<T>): Option<T | undefined> => ({
  default: undefined,
  read: (where, name, value) => (value === undefined ? undefined : read(where, name, value)),
});

/** Whether a value is a finite number. */
export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
/** Whether a value is a whole number ≥ `least`, exact in float64. */
export const isWhole = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;

/**
 * A finite number ≥ `least`. Without a default it must be given.
 *
 *     const options = { beta: atLeast(0, 1) }; // beta ≥ 0, and 1 where nothing is said
 */
// @__NO_SIDE_EFFECTS__
export const atLeast = (least: number, standard?: number): Option<number> =>
  option(standard, `as a number ≥ ${least}`, (value) => isNumber(value) && value >= least);

/**
 * A finite number > `bound`. Without a default it must be given.
 *
 *     const options = { temperature: above(0, 1) };
 */
// @__NO_SIDE_EFFECTS__
export const above = (bound: number, standard?: number): Option<number> =>
  option(standard, `as a number > ${bound}`, (value) => isNumber(value) && value > bound);

/**
 * A number strictly between two bounds. Without a default it must be given.
 *
 *     const options = { decay: inside(0, 1, 0.99) };
 */
// @__NO_SIDE_EFFECTS__
export const inside = (low: number, high: number, standard?: number): Option<number> =>
  option(standard, `as a number in (${low}, ${high})`, (value) => isNumber(value) && value > low && value < high);

/**
 * A whole number ≥ `least`. Without a default it must be given.
 *
 *     const options = { samples: whole(1, 5) };
 */
// @__NO_SIDE_EFFECTS__
export const whole = (least: number, standard?: number): Option<number> =>
  option(standard, `as a whole number ≥ ${least}`, (value) => isWhole(value, least));

/**
 * One of several words; the first where nothing is said.
 *
 *     const options = { type: oneOf("H", "B") };
 */
// @__NO_SIDE_EFFECTS__
export const oneOf = <const W extends string>(...words: readonly [W, ...W[]]): Option<W> =>
  option(words[0], words.map((word) => quote(word)).join(" or "), (value) => words.includes(value as W));

/**
 * True or false. Without a default it must be given.
 *
 *     const options = { hard: flag(false) };
 */
// @__NO_SIDE_EFFECTS__
export const flag = (standard?: boolean): Option<boolean> =>
  option(standard, "true or false", (value) => typeof value === "boolean");

// @__NO_SIDE_EFFECTS__
const isListOf =
  (holds: (entry: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(holds);

/**
 * A list of at least one finite number > 0. Without a default it must be given.
 *
 *     const options = { scales: listOf([0.5, 1, 2]) };
 */
// @__NO_SIDE_EFFECTS__
export const listOf = (standard?: readonly number[]): Option<readonly number[]> =>
  option(
    standard,
    "as a list of numbers > 0",
    isListOf((n) => isNumber(n) && n > 0),
  );

/**
 * Widths of hidden layers: whole numbers > 0.
 *
 *     const options = { discriminatorHidden: widths([256, 256]) };
 */
// @__NO_SIDE_EFFECTS__
export const widths = (standard: readonly number[]): Option<readonly number[]> =>
  option(
    standard,
    "as a list of whole numbers > 0",
    isListOf((n) => isWhole(n, 1)),
  );

/** Numbers, flat or nested, as they are, or undefined; whoever reads them looks at what they are. */
// @__NO_SIDE_EFFECTS__
export const numbers = <T>(): Option<T | undefined> =>
  optional(
    option<T>(undefined, "as an array of numbers", (value) => {
      return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
    }),
  );

/** Whatever it is: whoever reads it looks at it. */
// @__NO_SIDE_EFFECTS__
export const anything = <T>(): Option<T | undefined> => option<T | undefined>(undefined, "", () => true);
