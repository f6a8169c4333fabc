import { check } from "../device/errors.ts";
import { arrays, type DType, elements, type TypedArray } from "../graph/dtype.ts";

/** Numbers, or arrays of arrays of numbers, all of one length at each depth. */
export type Nested = number | readonly Nested[];

/** The values as one typed array, with the shape that the nesting shows. */
export function flatten(
  where: string,
  values: TypedArray | Float64Array | Nested,
  dtype?: DType,
): { values: TypedArray; shape: number[]; dtype: DType } {
  check(dtype === undefined || Object.hasOwn(arrays, dtype), "argument", where, () => {
    return `unknown dtype. Expected ${Object.keys(arrays).join(", ")}; got ${String(dtype)}.`;
  });
  if (typeof values === "object" && ArrayBuffer.isView(values)) {
    const own = (Object.keys(arrays) as DType[]).find((d) => values instanceof arrays[d]);
    const to = dtype ?? own ?? "f32";
    check(
      own !== undefined || values instanceof Float64Array,
      "argument",
      where,
      () =>
        `unknown array type. Expected Float32Array, Float64Array, Int32Array, Uint32Array or Uint8Array; got ${values.constructor.name}.`,
    );
    return {
      values: own === to ? (values as TypedArray) : elements(where, to, values),
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
    const isNumber = typeof level === "number";
    const entries = Array.isArray(level) ? level.length : undefined;
    check(
      entries === shape[depth] && (isNumber || entries !== undefined),
      "shape",
      where,
      () =>
        `ragged nesting. Expected ${shape[depth] ?? "no"} entries at level ${depth}; got ${entries ?? (isNumber ? "a number" : String(level))}.`,
    );
    if (isNumber) flat.push(level);
    else for (const part of level) walk(part, depth + 1);
  };
  walk(values, 0);
  const to = dtype ?? "f32";
  return { values: elements(where, to, flat), shape, dtype: to };
}
