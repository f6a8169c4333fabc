import { ceilDiv, type Launches } from "./launch.ts";
import { argmax as shaders } from "./shaders/argmax.gen.ts";

/** An axis of `extent` elements, `inner` apart, in each of `outer` blocks. */
export interface Lines {
  readonly outer: number;
  readonly extent: number;
  readonly inner: number;
}

/** Lines of at least this many elements are worth a workgroup each, while there are too few to fill a device. */
const MIN_SHARED_EXTENT = 128;
const MAX_SHARED_LINES = 8192;

/** Whether a workgroup should share a line, rather than one invocation walk it. */
export const isShared = ({ outer, extent, inner }: Lines): boolean =>
  extent >= MIN_SHARED_EXTENT && outer * inner < MAX_SHARED_LINES;

/** The place of the largest element of each line of input 0, or of the smallest. */
export function argmax(axis: Lines, dtype: "f32" | "i32" | "u32", smallest: boolean): Launches {
  const lines = axis.outer * axis.inner;
  const shared = isShared(axis);
  const kernel = shared ? shaders.shared_lines : shaders.lines;
  const groups = [shared ? lines : ceilDiv(lines, kernel.constants.LANES), 1, 1] as const;
  const constants = { TYPE: { f32: 0, i32: 1, u32: 2 }[dtype], SMALLEST_FIRST: Number(smallest) };
  const params = { lines, extent: axis.extent, inner: axis.inner };
  return {
    flops: lines * axis.extent,
    launches: [{ kernel, constants, bind: { x: { input: 0 }, y: { output: 0 } }, params, groups }],
  };
}
