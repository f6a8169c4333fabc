/**
 * IDX, the format of MNIST: a magic 00 00 TYPE RANK, RANK big-endian u32 sizes, then the values, big-endian.
 *
 * source: http://yann.lecun.com/exdb/mnist/ ("the IDX file format")
 */
import { countOf, checkBytes, elements } from "./elements.ts";
import { check, show } from "./errors.ts";

const readers = {
  0x08: ["u8", Uint8Array],
  0x09: ["i8", Int8Array],
  0x0b: ["i16", Int16Array],
  0x0c: ["i32", Int32Array],
  0x0d: ["f32", Float32Array],
  0x0e: ["f64", Float64Array],
} as const;

const maxRank = 4;

type Readers = (typeof readers)[keyof typeof readers];

/** An IDX file's content: `dtype` says which typed array `values` is; values are row-major in `shape`. */
export type Idx =
  | { dtype: "u8"; shape: number[]; values: Uint8Array }
  | { dtype: "i8"; shape: number[]; values: Int8Array }
  | { dtype: "i16"; shape: number[]; values: Int16Array }
  | { dtype: "i32"; shape: number[]; values: Int32Array }
  | { dtype: "f32"; shape: number[]; values: Float32Array }
  | { dtype: "f64"; shape: number[]; values: Float64Array };

/**
 * The array in an IDX file. Bytes (u8, i8) are a view of `bytes` itself; wider types are copied once, into the host's
 * byte order.
 *
 *     item · Π shape + 4 + 4 · rank = bytes.length, or it is refused, before anything is allocated
 *
 * Throws LatentError("format") on bytes that are not exactly one IDX array of rank 1 to 4 without empty axes.
 *
 *     const { shape, values } = parseIdx(file);
 */
export function parseIdx(bytes: Uint8Array, where = "parseIdx"): Idx {
  checkBytes(where, bytes);
  check(bytes.length >= 4, "format", where, () => `no IDX magic. Expected at least 4 bytes; got ${bytes.length}.`);
  const [first, second, type, rank] = bytes as unknown as [number, number, number, number];
  const reader = (readers as Partial<Record<number, Readers>>)[type];
  check(first === 0 && second === 0 && reader !== undefined, "format", where, () => {
    const gzip = first === 0x1f && second === 0x8b ? " These bytes are gzip: decompress them first." : "";
    return `not an IDX file. Expected 00 00, a type of 08 09 0b 0c 0d 0e, and a rank; got ${hex(bytes)}.${gzip}`;
  });
  check(rank >= 1 && rank <= maxRank, "format", where, () => `unusable rank. Expected 1 to ${maxRank}; got ${rank}.`);
  const header = 4 + 4 * rank;
  check(bytes.length >= header, "format", where, () => {
    return `header is cut short. Expected ${header} bytes for rank ${rank}; got ${bytes.length}.`;
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  check(
    !shape.includes(0),
    "format",
    where,
    () => `an axis is empty. Expected sizes of at least 1; got ${show(shape)}.`,
  );
  const [dtype, constructor] = reader;
  const expected = countOf(shape) * constructor.BYTES_PER_ELEMENT + header;
  check(expected === bytes.length, "format", where, () => {
    return `length and header differ. Expected ${expected} bytes for ${dtype} ${show(shape)}; got ${bytes.length}.`;
  });
  const values = elements<Idx["values"]>(bytes.subarray(header), constructor, false);
  return { dtype, shape, values } as Idx;
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
