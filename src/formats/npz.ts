/**
 * npz, NumPy's archive of named arrays: a zip of npy files.
 */
import { checkBytes } from "./elements.ts";
import { check, checkOptions, quote, show } from "./errors.ts";
import { headerOf, holdsNoNumbers, parseNpy, writeNpy, type NpyArray, type NpyInput } from "./npy.ts";
import { isPlain, readZip } from "./zip.ts";
import { writeZip } from "./zipWrite.ts";

/** What parseNpz may be asked for. */
export interface NpzReading {
  /** names of the arrays to read, or which of them; without it all that hold numbers. Nothing else in the archive is looked into */
  arrays?: readonly string[] | ((name: string) => boolean);
  /** most bytes all arrays may unpack to; 1 GiB */
  maxBytes?: number;
  /** most bytes that one packed byte may become, in an array over 16 MiB; 200 */
  maxRatio?: number;
  /** name of the call in messages */
  where?: string;
}

/**
 * The arrays of an npz file by name (without ".npy"), in file order: those asked for, or all that hold numbers. Text, objects, folders
 * and files that are no arrays are passed over.
 *
 * Throws LatentError: "format" on a broken archive or array, a name given twice, or an array that was asked for and is missing;
 * "limit" past a cap, met while inflating at the latest; "unsupported" (asked for by name) and "data" as `parseNpy` does.
 *
 *     const statistics = parseNpz(file, { arrays: ["mu", "sigma"] });
 *     console.log(statistics.get("mu")?.shape);
 */
export function parseNpz(bytes: Uint8Array, options: NpzReading = {}): Map<string, NpyArray> {
  checkOptions("parseNpz", options, ["arrays", "maxBytes", "maxRatio", "where"]);
  const { arrays, maxBytes = 2 ** 30, maxRatio = 200, where = "parseNpz" } = options;
  for (const [name, cap] of Object.entries({ maxBytes, maxRatio })) {
    check(cap > 0, "argument", where, () => `${name} is out of range. Expected a number > 0; got ${cap}.`);
  }
  check(
    arrays === undefined ||
      typeof arrays === "function" ||
      (Array.isArray(arrays) && arrays.every((name) => typeof name === "string")),
    "argument",
    where,
    () => `expected arrays as a list of names; got ${String(arrays)}.`,
  );
  checkBytes(where, bytes);
  const names = typeof arrays === "function" ? [] : (arrays ?? []);
  const asked = typeof arrays === "function" ? arrays : arrays && ((name: string) => names.includes(name));
  const listed: string[] = [];
  const has = (file: string): boolean => {
    listed.push(file);
    return file.endsWith(".npy") && (asked ? asked(file.slice(0, -4)) : isPlain(file));
  };
  const label = (file: string): string => `${where} ${quote(file.slice(0, -4))}`;
  /** What `read` gives, or null for an array without numbers that nobody asked for. */
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (asked || (error as Error).cause !== holdsNoNumbers) throw error;
      return null;
    }
  };
  const fits = (file: string, head: Uint8Array, size: number): boolean => {
    const header = attempt(() => headerOf(head, label(file)));
    if (header === null) return false;
    const { start, expected, shape, descr } = header;
    check(start + expected === size, "format", label(file), () => {
      const found = size - start;
      return `length and header differ. Expected ${expected} bytes of values for ${descr} ${show(shape)}; got ${found}.`;
    });
    return true;
  };
  const found = new Map<string, NpyArray>();
  for (const [file, content] of readZip(bytes, { maxBytes, maxRatio }, where, { has, fits })) {
    const array = attempt(() => parseNpy(content, label(file)));
    if (array) found.set(file.slice(0, -4), array);
  }
  for (const name of names)
    check(found.has(name), "format", where, () => {
      const entries =
        listed
          .slice(0, 12)
          .map((file) => quote(file))
          .join(", ") || "no entries";
      return `no array ${quote(name)}. Expected ${quote(`${name}.npy`)}; got ${entries}.`;
    });
  return found;
}

/** How writeNpz writes. */
export interface NpzWriting {
  /** deflate the arrays, as `numpy.savez_compressed` does; false */
  compressed?: boolean;
  /** name of the call in messages */
  where?: string;
}

/**
 * An npz file that `numpy.load` reads; equal arrays give equal bytes. `arrays` is a Map, pairs or a plain object.
 * Throws LatentError: "argument" on a name given twice or one that is a path, "shape" as `writeNpy` does.
 *
 *     const file = writeNpz({ mu: { shape: [2], values: Float64Array.of(1, 2) } }, { compressed: true });
 */
export function writeNpz(
  arrays: Iterable<readonly [string, NpyInput]> | Readonly<Record<string, NpyInput>>,
  options: NpzWriting = {},
): Uint8Array<ArrayBuffer> {
  const { compressed = false, where = "writeNpz" } = options;
  checkOptions(where, options, ["compressed", "where"]);
  const files = new Map<string, Uint8Array>();
  for (const [name, array] of pairs(arrays)) {
    check(
      !files.has(`${name}.npy`),
      "argument",
      where,
      () => `a name comes twice. Expected each once; got two ${quote(name)}.`,
    );
    files.set(`${name}.npy`, writeNpy(array, `${where} ${quote(name)}`));
  }
  return writeZip(files, compressed, where);
}

function pairs<T>(named: Iterable<readonly [string, T]> | Readonly<Record<string, T>>): Iterable<readonly [string, T]> {
  return Symbol.iterator in named ? (named as Iterable<readonly [string, T]>) : Object.entries(named);
}
