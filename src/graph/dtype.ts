import { check } from "../device/errors.ts";

/**
 * What an element is. i32 and u32 wrap around; u8 is stored as bytes; a bool is read as a byte 0 or 1, and is an f32 word
 * 0 or 1 on the GPU, so that masks enter float kernels as they are.
 */
export type DType = "f32" | "i32" | "u32" | "u8" | "bool";

/** What `read()` gives for each dtype. */
export interface Arrays {
  /** Numbers of 32 bits. */
  f32: Float32Array<ArrayBuffer>;
  /** Whole numbers with a sign. */
  i32: Int32Array<ArrayBuffer>;
  /** Whole numbers from 0. */
  u32: Uint32Array<ArrayBuffer>;
  /** Bytes. */
  u8: Uint8Array<ArrayBuffer>;
  /** 0 or 1. */
  bool: Uint8Array<ArrayBuffer>;
}
/** The typed arrays of the dtypes. */
export type TypedArray = Arrays[DType];
/** Sizes along the axes, the first one outermost. */
export type Shape = readonly number[];

/**
 * The dtype of what two operands give: a bool counts as 0 or 1 in the other's dtype, and as f32 beside a number (`never`).
 * Other dtypes do not mix: a call that compiles with two of them throws.
 */
export type Joint<A extends DType, B extends DType> = [B] extends [never]
  ? WithNumber<A>
  : [A] extends [never]
    ? WithNumber<B>
    : "bool" extends A
      ? "bool" extends B
        ? A | B
        : B
      : A;
/** The dtype of arithmetic between a tensor and a number. */
export type WithNumber<D extends DType> = DType extends D ? DType : { [K in DType]: K extends "bool" ? "f32" : K }[D];
/** The dtype of a sum: bools are counted. */
export type Total<D extends DType> = { f32: "f32"; i32: "i32"; u32: "u32"; u8: "u32"; bool: "i32" }[D];

/** What a tensor's elements are, and how many along each axis. */
export interface Spec<D extends DType = DType> {
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** What an element is. */
  readonly dtype: D;
}

export const count = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);
export const bytesPer = (dtype: DType): number => (dtype === "u8" ? 1 : 4);
export const byteLength = (shape: Shape, dtype: DType): number => count(shape) * bytesPer(dtype);
/** The type that kernels compute in. */
export const scalarOf = (dtype: DType): "f32" | "i32" | "u32" =>
  dtype === "bool" ? "f32" : dtype === "u8" ? "u32" : dtype;
/** Whether kernels see floats. */
export const isFloat = (dtype: DType): boolean => scalarOf(dtype) === "f32";

/** Row-major strides of a contiguous tensor, in elements. */
export const contiguous = (shape: Shape): number[] => shape.map((_, d) => count(shape.slice(d + 1)));

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, d) => n === b[d]);

export const arrays = {
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Throws LatentError("argument") unless `dtype` is one. */
export function checkDType(where: string, dtype: string): asserts dtype is DType {
  check(
    Object.hasOwn(arrays, dtype),
    "argument",
    where,
    () => `unknown dtype. Expected ${Object.keys(arrays).join(", ")}; got ${String(dtype)}.`,
  );
}

/** The dtype that a typed array holds, where it is that of one. */
export const dtypeOf = (values: ArrayBufferView): DType | undefined =>
  (Object.keys(arrays) as DType[]).find((dtype) => values instanceof arrays[dtype]);

/** The bytes of storage as the dtype's typed array. */
export const typed = (dtype: DType, bytes: ArrayBuffer): TypedArray =>
  dtype === "bool" ? Uint8Array.from(new Float32Array(bytes)) : new arrays[dtype](bytes);

/** The dtype's typed array as it is stored. */
export const stored = (dtype: DType, values: TypedArray): TypedArray =>
  dtype === "bool" ? Float32Array.from(values) : values;

/** The numbers as the dtype's typed array. Integers refuse fractions and what is out of their range, bools all but 0 and 1. */
export function elements(where: string, dtype: DType, values: ArrayLike<number>): TypedArray {
  const array = arrays[dtype].from(values);
  const most = dtype === "bool" ? 1 : Infinity;
  const at = dtype === "f32" ? -1 : array.findIndex((value, i) => value !== values[i] || value > most);
  check(at < 0, "argument", where, () =>
    dtype === "bool"
      ? `expected 0, 1, false or true for bool; got ${values[at]}.`
      : `expected whole numbers that fit ${dtype}; got ${values[at]}.`,
  );
  return array;
}

/** What to do about operands that do not fit: the last words of a message. */
export const remedy = (...operands: readonly { readonly dtype: DType }[]): string =>
  `Use ${operands.some((x) => x.dtype === "u8") ? "bytes" : "cast"}().`;
