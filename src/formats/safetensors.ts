/**
 * safetensors: u64 header length, a JSON header, then the tensors' bytes, little-endian, without gaps.
 *
 * source: https://github.com/huggingface/safetensors (format section of the README)
 */
import {
  checkBytes,
  checkShape,
  countOf,
  elements,
  float32OfBfloat,
  float32OfHalf,
  littleEndianBytes,
} from "./elements.ts";
import type { Elements, ElementsType } from "./elements.ts";
import { check, checkOptions, LatentError, quote, show } from "./errors.ts";
import { maxHeaderBytes, maxRank, maxTensors, metadataKey, parseHeader, type Entry } from "./safetensors-header.ts";

const types = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** The format's names of the types that are read and written here. */
export type SafetensorType = keyof typeof types;

/** One tensor, row-major. F16 and BF16 are their raw bits in a Uint16Array; BOOL is 0 or 1 in a Uint8Array. */
export interface Safetensor {
  /** The type in the file. */
  dtype: SafetensorType;
  /** Sizes along its axes. */
  shape: readonly number[];
  /** Its values, row-major. */
  data: Elements;
}

/** What a safetensors file holds. */
export interface Safetensors {
  /** in the order of the header */
  tensors: Map<string, Safetensor>;
  /** Texts by name. */
  metadata: Map<string, string>;
}

/** What parseSafetensors may be asked for. */
export interface SafetensorsReading {
  /** give F16 and BF16 as F32, exactly (twice their bytes); false */
  widen?: boolean;
  /** refuse NaN and infinities, by tensor and index; false */
  finite?: boolean;
  /** name of the call in messages */
  where?: string;
}

/**
 * The tensors and the metadata of a safetensors file. Data are views of `bytes` where they are aligned, otherwise
 * copies: at most the size of the file is allocated (`widen` apart), and only after every check.
 *
 * Throws LatentError: "format" unless the header is well formed, no key comes twice, every tensor's bytes are
 * Π shape · item, and the tensors cover the payload exactly, one after the other; "limit" on a header over 8 MiB, over
 * 10 000 tensors or 8 axes; "unsupported" on another dtype; "data" on what `finite` refuses.
 *
 *     const { tensors, metadata } = parseSafetensors(file, { widen: true });
 *     console.log(tensors.get("weight")?.shape);
 */
export function parseSafetensors(bytes: Uint8Array, options: SafetensorsReading = {}): Safetensors {
  const { widen = false, finite = false, where = "parseSafetensors" } = options;
  checkOptions(where, options, ["widen", "finite", "where"]);
  checkBytes(where, bytes);
  const start = payloadStart(bytes, where);
  const { entries, metadata } = parseHeader(headerText(bytes.subarray(8, start), where), where);
  for (const entry of entries) checkEntry(entry, where);
  checkCover(entries, bytes.length - start, where);
  const tensors = new Map<string, Safetensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const type = types[dtype as SafetensorType] as ElementsType<Elements>;
    const data = elements(bytes.subarray(start + begin, start + end), type, true);
    const tensor = { dtype: dtype as SafetensorType, shape, data };
    if (finite) checkFinite(tensor, `${where} ${quote(name)}`);
    tensors.set(name, widen ? widened(tensor) : tensor);
  }
  return { tensors, metadata };
}

/** The same tensor, with F16 and BF16 as F32, exactly. Other types are returned as they are. */
export function widened(tensor: Safetensor): Safetensor {
  const { dtype, shape, data } = tensor;
  if (dtype !== "F16" && dtype !== "BF16") return tensor;
  const halves = data as Uint16Array;
  return { dtype: "F32", shape, data: dtype === "F16" ? float32OfHalf(halves) : float32OfBfloat(halves) };
}

function payloadStart(bytes: Uint8Array, where: string): number {
  check(bytes.length >= 8, "format", where, () => `no header length. Expected at least 8 bytes; got ${bytes.length}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getBigUint64(0, true);
  check(length <= maxHeaderBytes, "limit", where, () => {
    return `no safetensors file, or its header is too long. Expected at most ${maxHeaderBytes} bytes; got ${length}.`;
  });
  check(Number(length) <= bytes.length - 8, "format", where, () => {
    return `header is cut short. Expected ${length} bytes; got ${bytes.length - 8}.`;
  });
  return 8 + Number(length);
}

function headerText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LatentError("format", `${where}: header is not text. Expected UTF-8; got other bytes.`, { cause });
  }
}

function checkEntry({ name, dtype, shape, begin, end }: Entry, where: string): void {
  check(Object.hasOwn(types, dtype), "unsupported", where, () => {
    const dtypes = Object.keys(types).join(" ");
    return `tensor ${quote(name)} has a dtype that is not read. Expected one of ${dtypes}; got ${quote(dtype)}.`;
  });
  check(begin <= end, "format", where, () => {
    return `tensor ${quote(name)} has offsets that run backwards. Expected begin ≤ end; got ${show([begin, end])}.`;
  });
  const expected = countOf(shape) * types[dtype as SafetensorType].BYTES_PER_ELEMENT;
  check(Number.isSafeInteger(expected), "format", where, () => {
    return `tensor ${quote(name)} has a shape that overflows. Expected below 2^53 bytes; got ${dtype} ${show(shape)}.`;
  });
  check(end - begin === expected, "format", where, () => {
    const found = `${end - begin} bytes for ${dtype} ${show(shape)}`;
    return `tensor ${quote(name)} has a shape that its offsets do not fit. Expected ${expected}; got ${found}.`;
  });
}

/** Tensors in the order of their offsets must follow each other without a gap, from 0 to the end of the file. */
function checkCover(entries: readonly Entry[], payload: number, where: string): void {
  let at = 0;
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (const { name, begin, end } of ordered) {
    const fault = begin < at ? "overlaps the one before it" : "leaves a hole before it";
    check(
      begin === at,
      "format",
      where,
      () => `tensor ${quote(name)} ${fault}. Expected it at byte ${at}; got ${begin}.`,
    );
    at = end;
  }
  const fault = at > payload ? "payload is cut short" : "payload has bytes that no tensor owns";
  check(at === payload, "format", where, () => `${fault}. Expected ${at} bytes; got ${payload}.`);
}

function checkFinite({ dtype, data }: Safetensor, where: string): void {
  if (!/^B?F/.test(dtype)) return;
  // the exponent bits, all set: infinity or NaN
  const mask = dtype === "F16" ? 0x7c00 : dtype === "BF16" ? 0x7f80 : 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    const finite = mask === 0 ? Number.isFinite(value) : (value & mask) !== mask;
    check(finite, "data", where, () => {
      const found = mask === 0 ? String(value) : `bits ${value.toString(16).padStart(4, "0")}`;
      return `a value is not finite. Expected finite ${dtype}; got ${found} at index ${i}.`;
    });
  }
}

/** Texts by name, as pairs or as an object. */
export type Metadata = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/**
 * A safetensors file that PyTorch's `safetensors` reads; equal tensors give equal bytes. Widest types come first, so
 * that each tensor is aligned to its item, otherwise the given order holds; the header is padded with spaces to a
 * multiple of 8. (The Rust package orders by type, then by name: with that order given, its bytes and these are equal.)
 *
 * Throws LatentError: "argument" on a name given twice or data of another class than dtype asks for, "shape" unless
 * Π shape = data.length and rank ≤ 8, "limit" on what `parseSafetensors` would not read back.
 *
 *     const file = writeSafetensors([["weight", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }]]);
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, Safetensor]>,
  metadata: Metadata = {},
  where = "writeSafetensors",
): Uint8Array<ArrayBuffer> {
  const named = new Map<string, Safetensor>();
  for (const [name, tensor] of tensors) {
    check(name !== metadataKey && !named.has(name), "argument", where, () => {
      return `a name cannot be used. Expected each once, and not ${metadataKey}; got ${quote(name)}.`;
    });
    checkTensor(tensor, `${where} ${quote(name)}`);
    named.set(name, tensor);
  }
  check(
    named.size <= maxTensors,
    "limit",
    where,
    () => `too many tensors. Expected at most ${maxTensors}; got ${named.size}.`,
  );
  const ordered = [...named].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header = headerOf(ordered, metadata, where);
  const payload = ordered.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  const bytes = new Uint8Array(8 + header.length + payload);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  let at = 8 + header.length;
  for (const [, { data }] of ordered) {
    bytes.set(littleEndianBytes(data), at);
    at += data.byteLength;
  }
  return bytes;
}

function checkTensor({ dtype, shape, data }: Safetensor, where: string): void {
  check(Object.hasOwn(types, dtype), "argument", where, () => {
    return `this dtype is not written. Expected one of ${Object.keys(types).join(" ")}; got ${quote(String(dtype))}.`;
  });
  const tag = Object.prototype.toString.call(data).slice(8, -1);
  const expected = types[dtype].name;
  check(
    tag === expected,
    "argument",
    where,
    () => `dtype and data differ. Expected a ${expected} for ${dtype}; got a ${tag}.`,
  );
  checkShape(where, shape, data.length, maxRank);
}

/** The header's bytes. It is put together as text: object keys would reorder names such as "1", and drop __proto__. */
function headerOf(ordered: readonly [string, Safetensor][], metadata: Metadata, where: string): Uint8Array {
  const json = (value: unknown): string => JSON.stringify(value);
  const notes = new Map(
    Symbol.iterator in metadata ? (metadata as Iterable<[string, string]>) : Object.entries(metadata),
  );
  for (const [key, value] of notes) {
    const text = typeof key === "string" && typeof value === "string";
    check(
      text,
      "argument",
      where,
      () => `metadata are not text. Expected strings; got ${typeof value} for ${quote(String(key))}.`,
    );
  }
  let end = 0;
  const members = ordered.map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return `${json(name)}:${json({ dtype, shape: [...shape], data_offsets: [begin, end] })}`;
  });
  if (notes.size > 0)
    members.unshift(`"${metadataKey}":{${[...notes].map((pair) => pair.map(json).join(":")).join(",")}}`);
  const text = new TextEncoder().encode(`{${members.join(",")}}`);
  const header = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  header.set(text);
  const fits = header.length <= maxHeaderBytes && notes.size <= maxTensors;
  check(fits, "limit", where, () => {
    const expected = `at most ${maxHeaderBytes} bytes and ${maxTensors} metadata keys`;
    return `header is too long. Expected ${expected}; got ${header.length} and ${notes.size}.`;
  });
  return header;
}
