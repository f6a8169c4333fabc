/**
 * Errors say which call, what is wrong, what was expected and what came, in that order:
 *
 *     matmul: inner sizes differ. Expected a [m, k] and b [k, n]; got a [64, 32] and b [31, 10].
 *
 * They live in the lowest layer, so that every layer above can throw them.
 */

/** What kind of failure it was: for programs; the message is for people. */
export type Code =
  | "shape" // sizes that do not fit together
  | "argument" // an option or argument out of its range
  | "data" // values that cannot be used: NaN, a label of 12, an empty set
  | "limit" // more than a device or a cap allows
  | "out-of-memory"
  | "device-lost"
  | "disposed" // used after its release
  | "wrong-device"
  | "busy" // a second call while one runs
  | "unsupported" // understood, but not offered here
  | "format" // bytes that break the rules of their file format
  | "numeric"; // a computation that left the finite numbers, or did not converge

/**
 * The one error class of the package. `cause`, where there is one, travels in `options`.
 *
 *     await x.read().catch((error) => {
 *       if (error instanceof LatentError && error.code === "device-lost") console.log("open a new gpu");
 *     });
 */
export class LatentError extends Error {
  /** Always "LatentError". */
  override readonly name = "LatentError";
  /** What kind of error it is, for programs to tell. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws LatentError(code) with the message `where: detail` unless `holds`. `detail` is built only on failure. */
export function check(holds: boolean, code: Code, where: string, detail: () => string): asserts holds {
  if (!holds) throw new LatentError(code, `${where}: ${detail()}`);
}

/** `[64, 32]`, as every message writes a shape. */
export const show = (shape: ArrayLike<number>): string => `[${Array.from(shape).join(", ")}]`;

/**
 * Refuses option names that `allowed` does not list, so that a misspelt option is never silently ignored.
 * Throws LatentError("argument") for those, and for options that are not an object.
 */
export function checkOptions(where: string, options: object | undefined, allowed: readonly string[]): void {
  if (options === undefined) return;
  // a device, a tensor or a list where options belong has none of their names, and would be ignored
  check(isPlain(options), "argument", where, () => `options are not an object. Expected { … }; got ${named(options)}.`);
  for (const name of Object.keys(options)) {
    check(allowed.includes(name), "argument", where, () => {
      const expected = allowed.length === 0 ? "no options" : `only ${allowed.join(", ")}`;
      return `unknown option. Expected ${expected}; got ${quote(name)}.`;
    });
  }
}

/** The options that say something: undefined is as good as absent, also where defaults stand before them. */
export const present = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;

/** Whether a value is an object of no class, as `{ … }` makes it. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const kind = Object.getPrototypeOf(value);
  return kind === null || Object.getPrototypeOf(kind) === null;
}

/** What a value is, in few words: for messages about one that should be another. */
export function named(value: unknown): string {
  if (value === null || typeof value !== "object") return typeof value === "function" ? "a function" : String(value);
  return Array.isArray(value) ? "an array" : `${value.constructor?.name ?? "an object"}`;
}

/** Text from outside, made fit for a message: quoted, control characters escaped, cut after `length` characters. */
export function quote(text: string, length = 80): string {
  return JSON.stringify(text.length > length ? `${text.slice(0, length)}…` : text);
}
