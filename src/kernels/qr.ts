import { ceilDiv, type Kernel, type Launch, type Launches } from "./launch.ts";
import { qr as shaders } from "./shaders/qr.gen.ts";

/** Most elements of a matrix that one invocation factors alone: a workgroup's barriers would cost more. */
const SMALL = 256;

/** Factors `stack` matrices of rows × columns: input 0 a; outputs q and r. */
export function qr(stack: number, rows: number, columns: number): Launches {
  const { LANES } = shaders.form.constants;
  const rank = Math.min(rows, columns);
  const [a, q, r] = [{ input: 0 }, { output: 0 }, { output: 1 }] as const;
  const [h, tau] = [{ scratch: 0 }, { scratch: 1 }] as const;
  const launch = (kernel: Kernel, bind: Launch["bind"], groups: number): Launch => ({
    kernel,
    bind,
    params: { rows, columns, rank, stack },
    groups: [groups, 1, 1],
  });
  const isSmall = rows * columns <= SMALL;
  return {
    launches: [
      launch(isSmall ? shaders.small : shaders.factor, { a, h, tau }, isSmall ? ceilDiv(stack, LANES) : stack),
      launch(shaders.upper, { h, r }, ceilDiv(stack * rank * columns, LANES)),
      launch(shaders.form, { h, tau, q }, ceilDiv(stack * rank, LANES)),
    ],
    scratch: [4 * stack * rows * columns, 4 * stack * rank],
    flops: 4 * stack * rows * columns * rank,
  };
}
