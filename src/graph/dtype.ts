/** What an element is. u8 exists only as stored data (pixels, labels): ops read it, none computes in it. */
export type DType = "f32" | "i32" | "u32" | "u8";
export type TypedArray =
  Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
export type Shape = readonly number[];

export const count = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);
export const bytesPer = (dtype: DType): number => (dtype === "u8" ? 1 : 4);
export const byteLength = (shape: Shape, dtype: DType): number => count(shape) * bytesPer(dtype);

/** Row-major strides of a contiguous tensor, in elements. */
export function contiguous(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!;
  return strides;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, d) => n === b[d]);

/** The bytes as the dtype's typed array. */
export function typed(dtype: DType, bytes: ArrayBuffer): TypedArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(bytes);
    case "i32":
      return new Int32Array(bytes);
    case "u32":
      return new Uint32Array(bytes);
    case "u8":
      return new Uint8Array(bytes);
  }
}
