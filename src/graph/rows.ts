import { type Rows, lanesFor } from "../kernels/rows.ts";
import { count, type Shape } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/** `shape` as rows of `extent` elements. */
export const rowsOf = (shape: Shape, extent: number): Rows => ({ rows: count(shape) / extent, extent });

/** The extent of x's rows along `over`, if these lie together and have room in registers on x's device; else null. */
export function registerExtent({ shape, gpu }: Tensor, over: readonly number[]): number | null {
  const first = shape.findIndex((n, d) => n !== 1 && over.includes(d));
  if (first >= 0 && shape.some((n, d) => d > first && n !== 1 && !over.includes(d))) return null;
  const extent = count(over.map((d) => shape[d]!));
  return extent > 0 && lanesFor(rowsOf(shape, extent), gpu.traits) ? extent : null;
}
