import type { DeviceTraits, Launches } from "../kernels/launch.ts";
import { type Rows, lanesFor } from "../kernels/rows.ts";
import { count, type Shape } from "./dtype.ts";
import type { Attributes, KernelOp } from "./kernelOp.ts";
import type { Tensor } from "./tensor.ts";

/** `shape` as rows of `extent` elements. */
export const rowsOf = (shape: Shape, extent: number): Rows => ({ rows: count(shape) / extent, extent });

/** An op on rows, whose kernel reads one input by a hook, and a gradient two. `launch` gets what attributes say of the rows. */
export const rowOp = (
  name: string,
  inputs: 1 | 2,
  load: () => Promise<unknown>,
  launch: (rows: Rows, attributes: Attributes, traits: DeviceTraits) => Launches,
): KernelOp => ({
  name,
  loadHooks: ["load_a", "load_b"].slice(0, inputs),
  load,
  launch: ([x], _outputs, attributes, traits) =>
    launch(rowsOf(x!.shape, Number(attributes["extent"])), attributes, traits),
});

/** The extent of x's rows along `over`, if these lie together and have room in registers on x's device; else null. */
export function registerExtent({ shape, gpu }: Tensor, over: readonly number[]): number | null {
  const first = shape.findIndex((n, d) => n !== 1 && over.includes(d));
  if (first >= 0 && shape.some((n, d) => d > first && n !== 1 && !over.includes(d))) return null;
  const extent = count(over.map((d) => shape[d]!));
  return extent > 0 && lanesFor(rowsOf(shape, extent), gpu.traits) ? extent : null;
}
