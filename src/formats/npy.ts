/**
 * npy, NumPy's file of one array: magic 93 "NUMPY", version, header length, a Python dict as text, then the values.
 *
 * source: numpy/lib/format.py. The header is read by a small grammar, never evaluated.
 */
import { checkBytes, checkShape, countOf, elements, float32OfHalf, littleEndianBytes } from "./elements.ts";
import { check, LatentError, quote, show } from "./errors.ts";
import { Scanner } from "./scanner.ts";

const maxHeaderBytes = 65536;
const maxRank = 32;

/** NumPy's names of the types that can be read; i8 and u8 are 64 bits wide. */
export type NpyType = "f2" | "f4" | "f8" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" | "b1";

/** What a file's values come as: f2 widens to Float32Array, i8 and u8 to Float64Array, b1 is 0 or 1. */
export type NpyValues =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** One array, row-major in `shape`; `dtype` is the type in the file. */
export interface NpyArray {
  /** The type in the file. */
  dtype: NpyType;
  /** Sizes along its axes. */
  shape: number[];
  /** Its values. */
  values: NpyValues;
}

const elementTypes = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  b1: Uint8Array,
} as const;

/**
 * The array in an npy file (versions 1 to 3). Big-endian values and Fortran order are converted; f2 becomes f32; 64-bit
 * integers become float64 where all are exact. Little-endian values are a view of `bytes` where alignment allows.
 * Allocates at most twice the size of the file.
 *
 * Throws LatentError: "format" on bytes that break the rules, "unsupported" on object, structured, complex and text
 * types, "limit" on a header over 64 KiB, "data" on a 64-bit integer beyond ±(2⁵³ − 1).
 *
 *     const { dtype, shape, values } = parseNpy(file);
 */
export function parseNpy(bytes: Uint8Array, where = "parseNpy"): NpyArray {
  const { dtype, littleEndian, shape, fortranOrder, start, descr, expected } = headerOf(bytes, where);
  const payload = bytes.subarray(start);
  check(expected === payload.length, "format", where, () => {
    const found = payload.length;
    return `length and header differ. Expected ${expected} bytes of values for ${descr} ${show(shape)}; got ${found}.`;
  });
  const values = valuesOf(payload, dtype, littleEndian, where);
  return { dtype, shape, values: fortranOrder ? rowMajor(values, shape) : values };
}

/** What an npy file says of itself, of which `bytes` may be the beginning. `expected` counts the bytes of its values. */
export function headerOf(bytes: Uint8Array, where: string) {
  checkBytes(where, bytes);
  const { text, start } = headerText(bytes, where);
  const { descr, fortranOrder, shape } = fieldsOf(text, where);
  const { dtype, item, littleEndian } = typeOf(descr, where);
  check(
    shape.length <= maxRank,
    "limit",
    where,
    () => `too many axes. Expected at most ${maxRank}; got ${shape.length}.`,
  );
  return { dtype, littleEndian, shape, fortranOrder, start, descr, expected: countOf(shape) * item };
}

/** The cause of the error that an array of text, objects, records or complex numbers gives. */
export const holdsNoNumbers = Symbol("holds no numbers");

const refuse = (where: string, detail: string): never => {
  throw new LatentError("unsupported", `${where}: ${detail}`, { cause: holdsNoNumbers });
};

function headerText(bytes: Uint8Array, where: string): { text: string; start: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  const matches = magic.every((byte, i) => bytes[i] === byte);
  check(
    matches,
    "format",
    where,
    () => `no npy magic. Expected the bytes 93 "NUMPY"; got ${bytes.length} other bytes.`,
  );
  const [major, minor] = [bytes[6], bytes[7]];
  const isKnown = (major === 1 || major === 2 || major === 3) && minor === 0;
  check(isKnown, "unsupported", where, () => `unknown version. Expected 1.0, 2.0 or 3.0; got ${major}.${minor}.`);
  const start = major === 1 ? 10 : 12;
  check(bytes.length >= start, "format", where, () => {
    return `header length is cut off. Expected at least ${start} bytes; got ${bytes.length}.`;
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  check(length <= maxHeaderBytes, "limit", where, () => {
    return `header is too long. Expected at most ${maxHeaderBytes} bytes; got ${length}.`;
  });
  check(start + length <= bytes.length, "format", where, () => {
    return `header is cut short. Expected ${length} bytes; got ${bytes.length - start}.`;
  });
  try {
    const decoder = new TextDecoder(major === 3 ? "utf-8" : "latin1", { fatal: true });
    return { text: decoder.decode(bytes.subarray(start, start + length)), start: start + length };
  } catch (cause) {
    throw new LatentError("format", `${where}: header is not text. Expected UTF-8; got other bytes.`, { cause });
  }
}

interface Fields {
  descr: string;
  fortranOrder: boolean;
  shape: number[];
}

/** The dict {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, its three keys once each, in any order. */
function fieldsOf(text: string, where: string): Fields {
  const scanner = new Scanner(text, where);
  const fields = new Map<string, string | boolean | number[]>();
  scanner.expect("{");
  while (!scanner.accept("}")) {
    const key = pythonString(scanner);
    const isKnown = key === "descr" || key === "fortran_order" || key === "shape";
    check(isKnown, "format", where, () => `unknown key. Expected only descr, fortran_order, shape; got ${quote(key)}.`);
    check(
      !fields.has(key),
      "format",
      where,
      () => `header repeats a key. Expected each once; got ${quote(key)} twice.`,
    );
    scanner.expect(":");
    if (key === "descr") fields.set(key, descrOf(scanner));
    else if (key === "fortran_order") fields.set(key, pythonBoolean(scanner));
    else fields.set(key, pythonTuple(scanner));
    if (!scanner.accept(",") && scanner.peek() !== "}") scanner.fail('"," or "}"');
  }
  if (scanner.peek() !== "") scanner.fail("nothing but spaces after the dict");
  const [descr, fortranOrder, shape] = ["descr", "fortran_order", "shape"].map((key) => fields.get(key));
  const complete = typeof descr === "string" && typeof fortranOrder === "boolean" && Array.isArray(shape);
  check(complete, "format", where, () => {
    const found = [...fields.keys()].join(", ") || "none";
    return `header is incomplete. Expected 'descr', 'fortran_order' and 'shape'; got ${found}.`;
  });
  return { descr, fortranOrder, shape };
}

function pythonString(scanner: Scanner): string {
  scanner.peek();
  const literal = scanner.take(/'[^'\\\n]*'|"[^"\\\n]*"/y);
  return literal === undefined ? scanner.fail("a quoted name") : literal.slice(1, -1);
}

function pythonBoolean(scanner: Scanner): boolean {
  scanner.peek();
  const word = scanner.take(/True\b|False\b/y);
  return word === undefined ? scanner.fail("True or False") : word === "True";
}

function pythonTuple(scanner: Scanner): number[] {
  const sizes: number[] = [];
  scanner.expect("(");
  while (!scanner.accept(")")) {
    sizes.push(scanner.wholeNumber(/L?/y)); // Python 2 writes 6L
    const comma = scanner.accept(",");
    if (!comma && (sizes.length === 1 || scanner.peek() !== ")")) scanner.fail('","');
  }
  return sizes;
}

function descrOf(scanner: Scanner): string {
  if (scanner.peek() === "[")
    refuse(
      scanner.where,
      "structured arrays are not read. Expected one numeric type, such as '<f4'; got a list of fields.",
    );
  return pythonString(scanner);
}

function typeOf(descr: string, where: string): { dtype: NpyType; item: number; littleEndian: boolean } {
  if (/^[<>|=]?O/.test(descr))
    refuse(where, `object arrays hold pickled code. Expected a numeric type, such as '<f4'; got ${quote(descr)}.`);
  const [, order, name] = /^([<>|]?)([fiub][1248])$/.exec(descr) ?? [];
  const item = Number(name?.[1]);
  const isKnown = (name !== undefined && name in elementTypes) || name === "f2" || name === "i8" || name === "u8";
  const ordered = item === 1 || order === "<" || order === ">";
  if (!isKnown || !ordered) {
    const types = [...Object.keys(elementTypes), "f2", "i8", "u8"].join(" ");
    refuse(where, `this type is not read. Expected < or > and one of ${types}; got ${quote(descr)}.`);
  }
  return { dtype: name as NpyType, item, littleEndian: order !== ">" };
}

function valuesOf(payload: Uint8Array, dtype: NpyType, littleEndian: boolean, where: string): NpyValues {
  if (dtype === "f2") return float32OfHalf(elements(payload, Uint16Array, littleEndian));
  if (dtype === "i8" || dtype === "u8") return exactIntegers(payload, dtype === "i8", littleEndian, where);
  return elements<NpyValues>(payload, elementTypes[dtype], littleEndian);
}

/** 64-bit integers as float64, refused by index where that would round. */
function exactIntegers(payload: Uint8Array, signed: boolean, littleEndian: boolean, where: string): Float64Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const values = new Float64Array(payload.length / 8);
  for (let i = 0; i < values.length; i++) {
    const [low, high] = littleEndian ? [8 * i, 8 * i + 4] : [8 * i + 4, 8 * i];
    const upper = signed ? view.getInt32(high, littleEndian) : view.getUint32(high, littleEndian);
    const value = upper * 2 ** 32 + view.getUint32(low, littleEndian);
    check(Number.isSafeInteger(value), "data", where, () => {
      const exact = signed ? view.getBigInt64(8 * i, littleEndian) : view.getBigUint64(8 * i, littleEndian);
      return `a 64-bit integer has no exact number. Expected at most 2^53 - 1 in size; got ${exact} at index ${i}.`;
    });
    values[i] = value;
  }
  return values;
}

/** Values stored first-axis-fastest, put in row-major order. */
function rowMajor(values: NpyValues, shape: readonly number[]): NpyValues {
  const ordered = values.slice();
  const strides = shape.map((_, axis) => countOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < ordered.length; to++) {
    ordered[to] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return ordered;
}

const descriptions: Record<string, string> = {
  Float32Array: "<f4",
  Float64Array: "<f8",
  Int8Array: "|i1",
  Int16Array: "<i2",
  Int32Array: "<i4",
  BigInt64Array: "<i8",
  Uint8Array: "|u1",
  Uint16Array: "<u2",
  Uint32Array: "<u4",
  BigUint64Array: "<u8",
};

/** What can be written: the values' class decides the type in the file; 64-bit integers are BigInt arrays. */
export interface NpyInput {
  /** Sizes along the axes; the product is the number of values. */
  shape: readonly number[];
  /** The values, row-major. */
  values: NpyValues | BigInt64Array | BigUint64Array;
}

/**
 * An npy file, byte for byte what `numpy.save` writes for the same row-major array.
 * Throws LatentError: "argument" on values of another class, "shape" unless Π shape = values.length and rank ≤ 32.
 *
 *     const file = writeNpy({ shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) });
 */
export function writeNpy({ shape, values }: NpyInput, where = "writeNpy"): Uint8Array<ArrayBuffer> {
  const tag = Object.prototype.toString.call(values).slice(8, -1);
  const descr = descriptions[tag];
  check(descr !== undefined, "argument", where, () => {
    return `values cannot be written. Expected one of ${Object.keys(descriptions).join(", ")}; got ${tag}.`;
  });
  checkShape(where, shape, values.length, maxRank);
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  // NumPy leaves room for a first axis of 21 digits, so that a file can grow in place
  const growth = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }${" ".repeat(growth)}`;
  const padding = 64 - ((10 + dict.length + 1) % 64);
  const header = `${dict}${" ".repeat(padding)}\n`;
  const bytes = new Uint8Array(10 + header.length + values.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(littleEndianBytes(values), 10 + header.length);
  return bytes;
}
