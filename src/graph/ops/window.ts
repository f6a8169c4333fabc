import { check, show } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";

/** One number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];
/** One width for all sides, [vertical, horizontal], or [top, bottom, left, right]. */
export type Padding = Pair | readonly [number, number, number, number];

const text = (value: unknown): string => (Array.isArray(value) ? show(value as number[]) : String(value));

/** Both axes' values, integers ≥ least. Throws LatentError("argument"). */
export function pair(where: string, name: string, value: Pair, least: number): [number, number] {
  const values = typeof value === "number" ? [value, value] : value;
  check(
    Array.isArray(values) && values.length === 2 && values.every((n) => Number.isInteger(n) && n >= least),
    "argument",
    where,
    () => `${name} out of range. Expected an integer ≥ ${least} or a pair of them; got ${text(value)}.`,
  );
  return values as [number, number];
}

/** Widths as [top, bottom, left, right], integers ≥ 0. Throws LatentError("argument"). */
export function sides(where: string, value: Padding): [number, number, number, number] {
  const given = typeof value === "number" ? [value] : value;
  const fits =
    Array.isArray(given) && [1, 2, 4].includes(given.length) && given.every((n) => Number.isInteger(n) && n >= 0);
  check(
    fits,
    "argument",
    where,
    () =>
      `padding out of range. Expected an integer ≥ 0, [vertical, horizontal] or [top, bottom, left, right]; got ${text(value)}.`,
  );
  const [a, b = a, c, d] = given as number[];
  return c === undefined ? [a!, a!, b!, b!] : [a!, b!, c, d!];
}

/** How many windows fit along both axes of x. Throws LatentError("shape") if none does. */
export function windowCounts(
  where: string,
  x: Tensor,
  span: readonly [number, number],
  stride: readonly [number, number],
  [top, bottom, left, right]: readonly [number, number, number, number],
): [number, number] {
  const padded = [x.shape[2]! + top + bottom, x.shape[3]! + left + right] as const;
  check(
    span[0] <= padded[0] && span[1] <= padded[1],
    "shape",
    where,
    () =>
      `the kernel is larger than the padded input. Expected a kernel within ${show(padded)}; got one that spans ${show(span)}.`,
  );
  return [Math.floor((padded[0] - span[0]) / stride[0]) + 1, Math.floor((padded[1] - span[1]) / stride[1]) + 1];
}

/** The pixels from a kernel's first tap to its last. */
export const spanOf = (kernel: readonly [number, number], dilation: readonly [number, number]): [number, number] => [
  (kernel[0] - 1) * dilation[0] + 1,
  (kernel[1] - 1) * dilation[1] + 1,
];

/** The padding with which ⌈size/stride⌉ windows cover each axis of x; where it is odd, the last side has one more. */
export function same(
  x: Tensor,
  span: readonly [number, number],
  stride: readonly [number, number],
): [number, number, number, number] {
  const total = (d: 0 | 1) => {
    const extent = x.shape[d + 2]!;
    return Math.max(0, (Math.ceil(extent / stride[d]) - 1) * stride[d] + span[d] - extent);
  };
  const [tall, wide] = [total(0), total(1)];
  return [tall >> 1, tall - (tall >> 1), wide >> 1, wide - (wide >> 1)];
}

/** Checks that x is a batch of f32 images. Throws LatentError("shape") or ("argument"). */
export function checkImages(where: string, x: Tensor): void {
  checkTensor(where, x);
  check(x.rank === 4, "shape", where, () => `expected x [batch, channels, height, width]; got ${show(x.shape)}.`);
  checkFloat(where, x);
}
