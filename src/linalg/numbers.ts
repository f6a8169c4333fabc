import { check, LatentError, quote, show } from "../device/errors.ts";
import type { Safetensor } from "../formats/safetensors.ts";
import type { Shape, TypedArray } from "../graph/dtype.ts";

/** Numbers, flat or nested, as a flat array; throws LatentError("argument") on anything else, "data" on one that is not finite. */
export function numbersOf(where: string, name: string, values: unknown): Float64Array {
  const flat: number[] = [];
  const add = (part: unknown, depth: number): void => {
    if (typeof part === "number") flat.push(part);
    else if (depth < 3 && (Array.isArray(part) || (ArrayBuffer.isView(part) && !(part instanceof DataView))))
      for (const value of part as ArrayLike<unknown> as unknown[]) add(value, depth + 1);
    else check(false, "argument", where, () => `expected ${name} as numbers, flat or nested; got ${describe(part)}.`);
  };
  add(Array.isArray(values) || ArrayBuffer.isView(values) ? values : { not: values }, 0);
  const at = flat.findIndex((value) => !Number.isFinite(value));
  check(at < 0, "data", where, () => `value ${at} of ${name} is ${flat[at]}. Expected finite numbers.`);
  return Float64Array.from(flat);
}

const describe = (value: unknown): string => {
  const given = typeof value === "object" && value !== null && "not" in value ? (value as { not: unknown }).not : value;
  return given === null ? "null" : typeof given === "object" ? (given.constructor?.name ?? "an object") : typeof given;
};

/** A tensor of a file as numbers. Throws LatentError("format") where it is missing, or not F32 (or F64) of this shape. */
export function floats(
  where: string,
  tensors: ReadonlyMap<string, Safetensor>,
  name: string,
  shape: Shape,
): Float64Array {
  const found = tensors.get(name);
  const dtype = found?.dtype;
  check(
    found !== undefined && (dtype === "F32" || dtype === "F64") && show(found.shape) === show(shape),
    "format",
    where,
    () =>
      `tensor ${quote(name)} does not fit. Expected F32 ${show(shape)}; got ${found ? `${dtype} ${show(found.shape)}` : "none"}.`,
  );
  return Float64Array.from(found.data as Float32Array);
}

/** Values in float64. Throws LatentError("data") on a value that is not finite. */
export function finite(where: string, values: TypedArray): Float64Array {
  const at = values.findIndex((value: number) => !Number.isFinite(value));
  if (at >= 0) throw new LatentError("data", `${where}: element ${at} is ${values[at]}. Expected finite numbers.`);
  return Float64Array.from(values);
}
