import { check, show } from "../../device/errors.ts";
import { remedy, sameShape, type Shape } from "../dtype.ts";
import { checkFloat } from "../record.ts";
import { Tensor } from "../tensor.ts";

/** Where to look along an axis: a tensor of integers, or numbers, which are checked at once. −1 is the last element. */
export type Indices = Tensor | number | ArrayLike<number> | readonly Indices[];

/** Indices as ops keep them. */
export interface Places {
  readonly shape: Shape;
  /** Whether negative ones may come. */
  readonly signed: boolean;
  readonly tensor: Tensor;
}

/** Checks `given`, positions along an axis of `extent` elements of x. Throws LatentError("argument") or ("shape"). */
export function placesOf(where: string, x: Tensor, given: Indices, extent: number): Places {
  if (given instanceof Tensor) {
    const { dtype, shape } = given;
    check(
      dtype === "u32" || dtype === "i32",
      "argument",
      where,
      () => `expected u32 or i32 indices; got ${dtype}. ${remedy(given)}`,
    );
    return { shape, signed: dtype === "i32", tensor: given };
  }
  const shape: number[] = [];
  const values: number[] = [];
  flatten(where, given, 0, shape, values);
  const bad = values.find((value) => !(Number.isInteger(value) && value >= -extent && value < extent));
  check(
    bad === undefined,
    "argument",
    where,
    () =>
      `index out of range. Expected whole numbers in [${-extent}, ${extent - 1}] for x ${show(x.shape)}; got ${bad}.`,
  );
  const words = Uint32Array.from(values, (value) => (value < 0 ? value + extent : value));
  return { shape, signed: false, tensor: x.gpu.upload(words, shape) };
}

function flatten(where: string, given: unknown, depth: number, shape: number[], values: number[]): void {
  if (typeof given === "number" && depth === shape.length) {
    values.push(given);
    return;
  }
  const list = Array.isArray(given) || ArrayBuffer.isView(given) ? (given as unknown as ArrayLike<unknown>) : null;
  // the first of each depth says how long the others are
  if (list && depth === shape.length && values.length === 0) shape.push(list.length);
  check(
    list !== null && list.length === shape[depth],
    "argument",
    where,
    () =>
      `expected indices as a u32 or i32 tensor, a number, or arrays of equal length; got ${list ? `an array of ${list.length} beside one of ${shape[depth] ?? "numbers"}` : typeof given}.`,
  );
  for (const item of Array.from(list)) flatten(where, item, depth + 1, shape, values);
}

/** Checks what is added up at `places`: f32 whose sizes begin as theirs. Throws LatentError("shape") or ("argument"). */
export function checkRows(where: string, g: Tensor, shape: Shape): void {
  checkFloat(where, g, "f32 rows");
  check(
    sameShape(g.shape.slice(0, shape.length), shape),
    "shape",
    where,
    () => `shapes differ. Expected g [...indices.shape, …]; got g ${show(g.shape)} and indices ${show(shape)}.`,
  );
}
