import { check, checkOptions, show } from "../device/errors.ts";
import { checkDType, count, type DType, dtypeOf, elements, type Shape, type TypedArray } from "../graph/dtype.ts";
import { describe } from "../graph/operand.ts";
import { checkSizes } from "../graph/record.ts";
import type { Nested, Values } from "../graph/storage.ts";

export type { Nested, Values };

/** The dtype that `values` have where none is asked for: that of a typed array, bool for booleans, else f32. */
export type DTypeOf<V> = V extends Int32Array
  ? "i32"
  : V extends Uint32Array
    ? "u32"
    : V extends Uint8Array
      ? "u8"
      : V extends readonly never[]
        ? "f32"
        : V extends
              | boolean
              | readonly boolean[]
              | readonly (readonly boolean[])[]
              | readonly (readonly (readonly boolean[])[])[]
          ? "bool"
          : "f32";

/** What a new tensor may be asked for. */
export interface TensorOptions<D extends DType = DType> {
  /** The type of its elements; by default that of the values. */
  readonly dtype?: D;
}

/** The values as they go into a tensor of `shape`, in whose place the options may stand. */
export function laidOut(
  where: string,
  values: Values,
  shape: Shape | TensorOptions | undefined,
  given: TensorOptions = {},
): { values: TypedArray; dims: Shape; dtype: DType } {
  check(
    typeof shape !== "number",
    "argument",
    where,
    () => `expected a shape as an array; got ${String(shape)}. Use [${String(shape)}].`,
  );
  const isShape = shape === undefined || Array.isArray(shape);
  const options = isShape ? given : (shape as TensorOptions);
  checkOptions(where, options, ["dtype"]);
  const flat = flatten(where, values, options.dtype);
  const dims = isShape && shape ? (shape as Shape) : flat.shape;
  checkSizes(where, dims);
  check(
    count(dims) === flat.values.length,
    "shape",
    where,
    () => `element counts differ. Expected ${count(dims)} values for ${show(dims)}; got ${flat.values.length}.`,
  );
  return { values: flat.values, dims, dtype: flat.dtype };
}

/** The values as one typed array, with the shape that the nesting shows. */
export function flatten(
  where: string,
  values: Values,
  dtype?: DType,
): { values: TypedArray; shape: number[]; dtype: DType } {
  if (dtype !== undefined) checkDType(where, dtype);
  if (typeof values === "object" && ArrayBuffer.isView(values)) {
    const own = dtypeOf(values);
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
  for (let level: Nested = values; !isNumber(level); level = level[0]!) {
    check(
      Array.isArray(level),
      "argument",
      where,
      () => `expected numbers, or (nested or typed) arrays of them; got ${describe(level)}`,
    );
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const flat: (number | boolean)[] = [];
  const walk = (level: Nested, depth: number): void => {
    const leaf = isNumber(level);
    const entries = Array.isArray(level) ? level.length : undefined;
    check(
      entries === shape[depth] && (leaf || entries !== undefined),
      "shape",
      where,
      () =>
        `ragged nesting. Expected ${shape[depth] ?? "no"} entries at level ${depth}; got ${entries ?? (leaf ? "a number" : describe(level).slice(0, -1))}.`,
    );
    if (isNumber(level)) flat.push(level);
    else for (const part of level) walk(part, depth + 1);
  };
  walk(values, 0);
  const to = dtype ?? (typeof flat[0] === "boolean" ? "bool" : "f32");
  return { values: elements(where, to, flat.map(Number)), shape, dtype: to };
}

const isNumber = (level: unknown): level is number | boolean => typeof level === "number" || typeof level === "boolean";
