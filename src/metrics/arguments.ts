import type { Rows } from "../data/rows.ts";
import { check, checkOptions, isPlain, named } from "../device/errors.ts";

/** What was given, by name. */
export type Inputs = { readonly [name: string]: unknown };

/** The arguments of a measure. */
export interface Arguments {
  readonly name: string;
  /** Names of the arguments, in their order: all have to be given. */
  readonly sets: readonly string[];
  /** Sets that may be given as well: by name with the others, or among the options. */
  readonly optional?: readonly string[];
  /** Numbers found elsewhere, which stand in for all sets: given by name. */
  readonly instead?: readonly string[];
}

/** Whether something is an object of options or of sets by name: a plain one, and no source of rows. */
export const isOptions = (x: unknown): x is Inputs => isPlain(x) && typeof (x as Partial<Rows>).batch !== "function";

/**
 * Arguments by their names, and the options: either as many sets as the measure has, in their order, and then an object of options; or one object that
 * holds sets by name, and then an object of options. Throws LatentError("argument") on a set that is missing, unknown or given twice.
 */
export function argumentsOf(
  { name: where, sets, optional = [], instead = [] }: Arguments,
  args: readonly unknown[],
): [inputs: Inputs, options: Inputs] {
  const [first] = args;
  const all = [...sets, ...optional, ...instead];
  const isByName = isOptions(first) && all.some((set) => set in first);
  const given = isByName ? 1 : sets.length;
  check(args.length <= given + 1, "argument", where, () => {
    return `expected ${sets.join(", ")} and an object of options; got ${args.length} arguments.`;
  });
  const options = (args[given] ?? {}) as Inputs;
  check(isOptions(options), "argument", where, () => {
    return `expected an object of options after ${sets.join(", ")}; got ${named(options)}.`;
  });
  if (isByName) checkOptions(where, first, all);
  const inputs: Inputs = isByName ? first : Object.fromEntries(sets.map((set, i) => [set, args[i]]));
  const twice = optional.find((set) => inputs[set] !== undefined && options[set] !== undefined);
  check(twice === undefined, "argument", where, () => `${twice} is given twice, by name and among the options.`);
  const isFoundElsewhere = instead.some((name) => inputs[name] !== undefined);
  const missing = isFoundElsewhere
    ? instead.find((name) => inputs[name] === undefined)
    : sets.find((set) => inputs[set] === undefined || inputs[set] === null);
  check(missing === undefined, "argument", where, () => {
    const expected = (isFoundElsewhere ? instead : sets).join(", ");
    const got = missing! in inputs ? named(inputs[missing!]) : "none";
    return `expected ${expected}; got ${got} as ${missing}.`;
  });
  return [{ ...inputs, ...Object.fromEntries(optional.map((set) => [set, inputs[set] ?? options[set]])) }, options];
}
