import { check, show } from "../device/errors.ts";
import type { Context } from "./measure.ts";
import { valuesOf } from "./sets.ts";

/** Images on the CPU. */
export interface Images {
  readonly values: Float64Array<ArrayBuffer>;
  /** [n, c, h, w] */
  readonly shape: readonly [n: number, c: number, h: number, w: number];
}

/** The shape of an image set, [n, c, h, w], that is given with or without channels. Throws LatentError("shape"). */
function shapeOf(where: string, set: string, shape: readonly number[]): readonly [number, number, number, number] {
  check(shape.length === 3 || shape.length === 4, "shape", where, () => {
    return `expected ${set} as images [n, c, h, w] or [n, h, w]; got ${show(shape)}.`;
  });
  const [n, c, h, w] = shape.length === 4 ? shape : [shape[0]!, 1, shape[1]!, shape[2]!];
  return [n!, c!, h!, w!];
}

const nested = (x: unknown): number[] => (Array.isArray(x) ? [x.length, ...nested(x[0])] : []);

/** A set's images on the CPU; numbers that arrays gave keep their float64. */
export async function imagesOf(set: string, context: Context): Promise<Images> {
  const { where, inputs } = context;
  const x = inputs[set];
  if (Array.isArray(x)) {
    const shape = shapeOf(where, set, nested(x));
    context.count(set, shape[0]);
    const values = Float64Array.from((x as unknown[]).flat(3) as number[]);
    check(values.length === shape.reduce((a, b) => a * b, 1) && values.every(Number.isFinite), "data", where, () => {
      return `expected ${show(shape)} finite numbers in ${set}; got others.`;
    });
    return { values, shape };
  }
  const rows = context.rows(set);
  const shape = shapeOf(where, set, [rows.count, ...(rows.shape ?? [rows.dim])]);
  return { values: await valuesOf(where, rows, context.long.signal), shape };
}

/** Two sets of images of one shape, in pairs where `paired`. Throws LatentError("shape"). */
export async function bothImages(context: Context, paired: boolean): Promise<[Images, Images]> {
  const both: [Images, Images] = [await imagesOf("real", context), await imagesOf("generated", context)];
  const [a, b] = both.map(({ shape }) => (paired ? shape : shape.slice(1))) as [number[], number[]];
  check(show(a) === show(b), "shape", context.where, () => `images differ in shape. Got ${show(a)} and ${show(b)}.`);
  return both;
}
