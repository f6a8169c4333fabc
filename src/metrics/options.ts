import { check, named, quote } from "../device/errors.ts";

/** What an option may be: its value checked, or the default where it was not given. Throws LatentError("argument") by its name. */
export type Rule<T> = (where: string, name: string, value: unknown) => T;
/** A rule for each option of O. */
export type Rules<O> = { readonly [K in keyof O]-?: Rule<O[K]> };

const number =
  <F extends number | undefined>(expected: string, holds: (value: number) => boolean, fallback: F) =>
  (where: string, name: string, value: unknown): number | F => {
    if (value === undefined) return fallback;
    check(typeof value === "number" && holds(value), "argument", where, () => {
      return `expected ${name} ${expected}; got ${typeof value === "string" ? quote(value) : named(value)}.`;
    });
    return value;
  };

/** A whole number ≥ least. */
export const whole = <F extends number | undefined>(least: number, fallback: F) =>
  number(`as a whole number ≥ ${least}`, (v) => Number.isSafeInteger(v) && v >= least, fallback);
/** A finite number > low. */
export const above = <F extends number | undefined>(low: number, fallback: F) =>
  number(`as a number > ${low}`, (v) => Number.isFinite(v) && v > low, fallback);
/** A number strictly between low and high. */
export const between = <F extends number | undefined>(low: number, high: number, fallback: F) =>
  number(`between ${low} and ${high}`, (v) => v > low && v < high, fallback);
/** Any finite number. */
export const finite = <F extends number | undefined>(fallback: F) => number("as a number", Number.isFinite, fallback);

/** One of a few words. */
export const oneOf =
  <const T extends string, F extends T | undefined>(words: readonly T[], fallback: F): Rule<T | F> =>
  (where, name, value) => {
    if (value === undefined) return fallback;
    check(words.includes(value as T), "argument", where, () => {
      const got = typeof value === "string" ? quote(value) : named(value);
      return `expected ${name} as ${words.map((word) => quote(word)).join(" or ")}; got ${got}.`;
    });
    return value as T;
  };

/** The first rule that the value is of the kind of: a number or a word, a list or a word. */
export const either =
  <A, B>(first: Rule<A>, isFirst: (value: unknown) => boolean, second: Rule<B>): Rule<A | B> =>
  (where, name, value) =>
    isFirst(value) ? first(where, name, value) : second(where, name, value);

/** Numbers, flat or nested, as they are. */
export const numbers =
  <T>(): Rule<T | undefined> =>
  (where, name, value) => {
    const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
    check(value === undefined || isList, "argument", where, () => {
      return `expected ${name} as an array of numbers; got ${typeof value === "string" ? quote(value) : named(value)}.`;
    });
    return value as T | undefined;
  };

/** Looked at by the measure itself. */
export const anything =
  <T>(): Rule<T | undefined> =>
  (_where, _name, value) =>
    value as T | undefined;

/** Yes or no. */
export const flag =
  (fallback: boolean): Rule<boolean> =>
  (where, name, value) => {
    check(value === undefined || typeof value === "boolean", "argument", where, () => {
      return `expected ${name} as true or false; got ${named(value)}.`;
    });
    return value ?? fallback;
  };
