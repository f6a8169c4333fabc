/**
 * Numbers inside bytes: typed views and copies in either byte order, sizes of shapes, half precision.
 */
import { check, show } from "./errors.ts";

/** The typed arrays that files may hold. */
export type Elements =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** A typed array's constructor, as far as a view of an existing buffer needs it. */
export interface ElementsType<T extends Elements> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Throws LatentError("argument") unless `bytes` is a Uint8Array (of any realm). */
export function checkBytes(where: string, bytes: Uint8Array): void {
  const tag = Object.prototype.toString.call(bytes).slice(8, -1);
  const remedy = tag === "ArrayBuffer" ? " Wrap it: new Uint8Array(buffer)." : "";
  check(
    tag === "Uint8Array",
    "argument",
    where,
    () => `bytes are missing. Expected a Uint8Array; got ${tag}.${remedy}`,
  );
}

/** Product of the sizes, 1 for []; Infinity once the non-zero sizes pass 2⁵³ − 1, so that no size can wrap around. */
export function countOf(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (size !== 0) count *= size;
    if (count > Number.MAX_SAFE_INTEGER) return Infinity;
  }
  return shape.includes(0) ? 0 : count;
}

/** Throws LatentError("shape") unless shape has at most `maxRank` sizes, whole and ≥ 0, with a product of `count`. */
export function checkShape(where: string, shape: readonly number[], count: number, maxRank: number): void {
  const whole = shape.length <= maxRank && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  check(
    whole,
    "shape",
    where,
    () => `unusable shape. Expected at most ${maxRank} whole sizes ≥ 0; got ${show(shape)}.`,
  );
  const expected = countOf(shape);
  check(expected === count, "shape", where, () => {
    return `shape and values differ in size. Expected ${expected} values for ${show(shape)}; got ${count}.`;
  });
}

/**
 * The numbers that lie in `bytes`: a view of the same memory where byte order and alignment allow, otherwise one
 * copy. The caller has checked that the length is a multiple of the item.
 */
export function elements<T extends Elements>(bytes: Uint8Array, type: ElementsType<T>, littleEndian: boolean): T {
  const item = type.BYTES_PER_ELEMENT;
  const sameOrder = item === 1 || littleEndian === hostIsLittleEndian;
  if (sameOrder && bytes.byteOffset % item === 0) return new type(bytes.buffer, bytes.byteOffset, bytes.length / item);
  const copy = new Uint8Array(bytes);
  if (!sameOrder) reverseItems(copy, item);
  return new type(copy.buffer, 0, copy.length / item);
}

/** The bytes of `values`, least significant first: a view of the same memory, or one copy on a big-endian host. */
export function littleEndianBytes(values: Elements): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (hostIsLittleEndian || values.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = new Uint8Array(bytes);
  reverseItems(copy, values.BYTES_PER_ELEMENT);
  return copy;
}

function reverseItems(bytes: Uint8Array, item: number): void {
  for (let start = 0; start < bytes.length; start += item) bytes.subarray(start, start + item).reverse();
}

/** IEEE half precision (its 16 bits as an integer) to f32; exact, subnormals and infinities included; NaN stays NaN. */
export function float32OfHalf(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const special = (half & 0x7c00) === 0x7c00;
    words[i] = special ? sign | 0x7f800000 | ((half & 1023) << 13) : sign | ((half & 0x7fff) << 13);
    // the exponent's bias is 127 there and 15 here
    if (!special) values[i]! *= 2 ** 112;
  }
  return values;
}

/** bfloat16 (its 16 bits as an integer) to f32; exact: the bits are the upper half of the f32. */
export function float32OfBfloat(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}
