import { check } from "../device/errors.ts";
import type { DType, TypedArray } from "../graph/dtype.ts";

/** Numbers, or arrays of arrays of numbers, all of one length at each depth. */
export type Nested = number | readonly Nested[];

const constructors = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array } as const;

/** The values as one typed array, with the shape that the nesting shows. */
export function flatten(
  where: string,
  values: TypedArray | Float64Array | Nested,
  dtype?: DType,
): { values: TypedArray; shape: number[]; dtype: DType } {
  if (typeof values === "object" && ArrayBuffer.isView(values)) {
    const own = (Object.keys(constructors) as DType[]).find((d) => values instanceof constructors[d]);
    const to = dtype ?? own ?? "f32";
    check(
      own !== undefined || values instanceof Float64Array,
      "argument",
      where,
      () =>
        `unknown array type. Expected Float32Array, Float64Array, Int32Array, Uint32Array or Uint8Array; got ${values.constructor.name}.`,
    );
    return {
      values: own === to ? (values as TypedArray) : constructors[to].from(values),
      shape: [values.length],
      dtype: to,
    };
  }
  const shape: number[] = [];
  for (let level: Nested = values; typeof level !== "number"; level = level[0]!) {
    check(
      Array.isArray(level) && level.length > 0,
      "shape",
      where,
      () => "expected numbers or non-empty nested arrays of numbers.",
    );
    shape.push(level.length);
  }
  const flat: number[] = [];
  const walk = (level: Nested, depth: number): void => {
    if (typeof level === "number")
      check(
        depth === shape.length,
        "shape",
        where,
        () => `ragged nesting. Expected ${shape.length} levels everywhere; got a number at level ${depth}.`,
      );
    else
      check(
        depth < shape.length && level.length === shape[depth],
        "shape",
        where,
        () => `ragged nesting. Expected ${shape[depth] ?? "a number"} entries at level ${depth}; got ${level.length}.`,
      );
    if (typeof level === "number") flat.push(level);
    else for (const part of level) walk(part, depth + 1);
  };
  walk(values, 0);
  const to = dtype ?? "f32";
  return { values: constructors[to].from(flat), shape, dtype: to };
}
