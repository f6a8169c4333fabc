/**
 * npz, NumPy's archive of named arrays: a zip of npy files.
 */
import { checkBytes } from "./elements.ts";
import { check, checkOptions, quote } from "./errors.ts";
import { parseNpy, writeNpy, type NpyArray, type NpyInput } from "./npy.ts";
import { readZip, writeZip } from "./zip.ts";

export interface NpzReading {
  /** most bytes all arrays may unpack to; 1 GiB */
  maxBytes?: number;
  /** most bytes that one packed byte may become, in an array over 16 MiB; 200 */
  maxRatio?: number;
  /** name of the call in messages */
  where?: string;
}

/**
 * The arrays of an npz file by name (without ".npy"), in file order.
 *
 * Throws LatentError: "format" on a broken archive or array, a path as a name, a name given twice, or an entry that is
 * no npy; "limit" past a cap, met while inflating at the latest; "unsupported" and "data" as `parseNpy` does.
 */
export function parseNpz(bytes: Uint8Array, options: NpzReading = {}): Map<string, NpyArray> {
  const { maxBytes = 2 ** 30, maxRatio = 200, where = "parseNpz" } = options;
  checkOptions(where, options, ["maxBytes", "maxRatio", "where"]);
  for (const [name, cap] of Object.entries({ maxBytes, maxRatio })) {
    check(cap > 0, "argument", where, () => `${name} is out of range. Expected a number > 0; got ${cap}.`);
  }
  checkBytes(where, bytes);
  const arrays = new Map<string, NpyArray>();
  for (const [file, content] of readZip(bytes, { maxBytes, maxRatio }, where)) {
    check(
      file.endsWith(".npy"),
      "format",
      where,
      () => `an entry is no array. Expected names that end in .npy; got ${quote(file)}.`,
    );
    const name = file.slice(0, -4);
    arrays.set(name, parseNpy(content, `${where} ${quote(name)}`));
  }
  return arrays;
}

export interface NpzWriting {
  /** deflate the arrays, as `numpy.savez_compressed` does; false */
  compressed?: boolean;
  /** name of the call in messages */
  where?: string;
}

/**
 * An npz file that `numpy.load` reads; equal arrays give equal bytes. `arrays` is a Map, pairs or a plain object.
 * Throws LatentError: "argument" on a name given twice or one that is a path, "shape" as `writeNpy` does.
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
