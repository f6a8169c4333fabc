import { isShared, type Lines } from "./argmax.ts";
import { ceilDiv, type Launches } from "./launch.ts";
import { cumsum as shaders } from "./shaders/cumsum.gen.ts";

/** Running sums along each line of input 0, from its start or (`reverse`) from its end. */
export function cumsum(axis: Lines, reverse: boolean): Launches {
  const lines = axis.outer * axis.inner;
  const shared = isShared(axis);
  const kernel = shared ? shaders.shared_lines : shaders.lines;
  const launch = {
    kernel,
    constants: { REVERSE: Number(reverse) },
    bind: { x: { input: 0 }, y: { output: 0 } },
    params: { lines, extent: axis.extent, inner: axis.inner },
    groups: [shared ? lines : ceilDiv(lines, kernel.constants.LANES), 1, 1],
  } as const;
  return { flops: lines * axis.extent, launches: [launch] };
}
