import { check } from "../device/errors.ts";

/** What an element is. u8 exists only as stored data (pixels, labels): ops read it, none computes in it. */
export type DType = "f32" | "i32" | "u32" | "u8";
export type TypedArray =
  Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
export type Shape = readonly number[];

export const count = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);
export const bytesPer = (dtype: DType): number => (dtype === "u8" ? 1 : 4);
export const byteLength = (shape: Shape, dtype: DType): number => count(shape) * bytesPer(dtype);

/** Row-major strides of a contiguous tensor, in elements. */
export const contiguous = (shape: Shape): number[] => shape.map((_, d) => count(shape.slice(d + 1)));

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, d) => n === b[d]);

export const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array } as const;

/** The dtype that a typed array holds. */
export const dtypeOf = (values: TypedArray): DType =>
  (Object.keys(arrays) as DType[]).find((dtype) => values instanceof arrays[dtype])!;

/** The bytes as the dtype's typed array. */
export const typed = (dtype: DType, bytes: ArrayBuffer): TypedArray => new arrays[dtype](bytes);

/** The numbers as the dtype's typed array. Integers refuse fractions and what is out of their range. */
export function elements(where: string, dtype: DType, values: ArrayLike<number>): TypedArray {
  const array = arrays[dtype].from(values);
  const at = dtype === "f32" ? -1 : array.findIndex((value, i) => value !== values[i]);
  check(at < 0, "argument", where, () => `expected whole numbers that fit ${dtype}; got ${values[at]}.`);
  return array;
}

/** What to do about operands that do not fit: the last words of a message. */
export const remedy = (...operands: readonly { readonly dtype: DType }[]): string =>
  `Use ${operands.some((x) => x.dtype === "u8") ? "bytes" : "cast"}().`;
