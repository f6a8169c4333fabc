import { check } from "../../device/errors.ts";
import { Tensor } from "../../graph/tensor.ts";

/** One option of a model: what it is without a word, and what it may be. */
export interface Option<T> {
  /** What it is where nothing is said; undefined where something must be. */
  readonly default: T;
  /** Its value, checked. Throws LatentError("argument"). */
  read(where: string, name: string, value: unknown): T;
}

/** The options of a model, by name. */
export type OptionTable = { readonly [name: string]: Option<unknown> };

/** The values that a table of options gives. */
export type ValuesOf<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

// @__NO_SIDE_EFFECTS__: bundlers leave out models that nobody uses
function option<T>(standard: T, expected: string, holds: (value: T) => boolean): Option<T> {
  return {
    default: standard,
    read(where, name, value) {
      const got = () => (typeof value === "string" || Array.isArray(value) ? JSON.stringify(value) : String(value));
      check(holds(value as T), "argument", where, () => `expected ${name} ${expected}; got ${got()}.`);
      return value as T;
    },
  };
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isWhole = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least;

/**
 * A finite number ≥ `least`.
 *
 *     const options = { beta: atLeast(0, 1) }; // beta ≥ 0, and 1 where nothing is said
 */
// @__NO_SIDE_EFFECTS__
export const atLeast = (least: number, standard: number): Option<number> =>
  option<number>(standard, `≥ ${least}`, (value) => isNumber(value) && value >= least);

/**
 * How often a term counts: a finite number ≥ 0, or a tensor f32 [] of one. A state, `gpu.state(4)`, may be written while training runs: the
 * next step that is submitted has the new weight. `save` and checkpoints hold the number that it is then.
 *
 *     const options = { beta: weight(1) };
 */
// @__NO_SIDE_EFFECTS__
export const weight = (standard: number): Option<number | Tensor> => {
  const number = atLeast(0, standard);
  return {
    default: standard,
    read(where, name, value) {
      if (!(value instanceof Tensor)) return number.read(where, name, value);
      const isScalar = value.dtype === "f32" && value.rank === 0;
      check(
        isScalar,
        "argument",
        where,
        () => `expected ${name} as a number or a tensor f32 []; got ${String(value)}.`,
      );
      return value;
    },
  };
};

/**
 * A finite number > `bound`.
 *
 *     const options = { temperature: above(0, 1) };
 */
// @__NO_SIDE_EFFECTS__
export const above = (bound: number, standard: number): Option<number> =>
  option<number>(standard, `> ${bound}`, (value) => isNumber(value) && value > bound);

/**
 * A number strictly between two bounds.
 *
 *     const options = { decay: inside(0, 1, 0.99) };
 */
// @__NO_SIDE_EFFECTS__
export const inside = (low: number, high: number, standard: number): Option<number> =>
  option<number>(standard, `in (${low}, ${high})`, (value) => isNumber(value) && value > low && value < high);

/**
 * A whole number ≥ `least`.
 *
 *     const options = { samples: whole(1, 5) };
 */
// @__NO_SIDE_EFFECTS__
export const whole = (least: number, standard: number): Option<number> =>
  option<number>(standard, `whole and ≥ ${least}`, (value) => isWhole(value, least));

/**
 * One of several words; the first where nothing is said.
 *
 *     const options = { type: oneOf("H", "B") };
 */
// @__NO_SIDE_EFFECTS__
export const oneOf = <const W extends string>(...words: readonly [W, ...W[]]): Option<W> =>
  option<W>(words[0], words.map((word) => `"${word}"`).join(" or "), (value) => words.includes(value));

/**
 * True or false.
 *
 *     const options = { hard: flag(false) };
 */
// @__NO_SIDE_EFFECTS__
export const flag = (standard: boolean): Option<boolean> =>
  option<boolean>(standard, "true or false", (value) => typeof value === "boolean");

/**
 * A list of at least one finite number > 0.
 *
 *     const options = { scales: listOf([0.5, 1, 2]) };
 */
// @__NO_SIDE_EFFECTS__
export const listOf = (standard: readonly number[]): Option<readonly number[]> =>
  option<readonly number[]>(
    standard,
    "as a list of numbers > 0",
    (value) => Array.isArray(value) && value.length > 0 && value.every((n) => isNumber(n) && n > 0),
  );

/**
 * Widths of hidden layers: whole numbers > 0.
 *
 *     const options = { discriminatorHidden: widths([256, 256]) };
 */
// @__NO_SIDE_EFFECTS__
export const widths = (standard: readonly number[]): Option<readonly number[]> =>
  option<readonly number[]>(
    standard,
    "as a list of whole numbers > 0",
    (value) => Array.isArray(value) && value.length > 0 && value.every((n) => isWhole(n, 1)),
  );

/** The values of a table's options: given ones checked, others as the table says. Names were checked before. */
export function readOptions<T extends OptionTable>(where: string, table: T, given: object): ValuesOf<T> {
  const values = given as { readonly [name: string]: unknown };
  return Object.fromEntries(
    Object.entries(table).map(([name, { default: standard, read }]) => [
      name,
      read(where, name, values[name] === undefined ? standard : values[name]),
    ]),
  ) as ValuesOf<T>;
}
