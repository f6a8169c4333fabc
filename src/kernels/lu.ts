import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { lu as shaders } from "./shaders/lu.gen.ts";

/** Most rows that one invocation factors alone: a workgroup's barriers would cost more. */
const SMALL = 16;

/** Factors `stack` matrices of `size` rows: input 0 a; outputs lu, the order of the rows, and the columns without a pivot. */
export function lu(stack: number, size: number, perturbed: boolean): Launches {
  const { SIZE, LANES } = shaders.update.constants;
  const bind = { source: { input: 0 }, lu: { output: 0 }, order: { output: 1 }, failed: { output: 2 } };
  const launch = (kernel: Launch["kernel"], first: number, groups: number): Launch => ({
    kernel,
    constants: { PERTURBED: Number(perturbed) },
    bind,
    params: { size, stack, first },
    groups: [groups, 1, 1],
  });
  const flops = (2 * stack * size ** 3) / 3;
  if (size <= SMALL) return { launches: [launch(shaders.small, 0, ceilDiv(stack, LANES))], flops };
  const launches = [launch(shaders.start, 0, ceilDiv(stack * size * size, LANES))];
  for (let first = 0; first < size; first += SIZE) {
    launches.push(launch(shaders.panel, first, stack));
    const right = size - first - SIZE;
    if (right <= 0) break;
    launches.push(launch(shaders.solve, first, ceilDiv(right, LANES) * stack));
    launches.push(launch(shaders.update, first, ceilDiv(right, SIZE) ** 2 * stack));
  }
  return { launches, flops };
}

/** Determinants, or their logarithms, from what `lu` gives: inputs 1 … 3; output 0. */
export function determinant(stack: number, size: number, log: boolean, perturbed: boolean): Launches {
  const kernel = shaders.determinant;
  return {
    flops: stack * size,
    launches: [
      {
        kernel,
        constants: { LOG: Number(log), PERTURBED: Number(perturbed) },
        bind: { factors: { input: 1 }, places: { input: 2 }, without: { input: 3 }, det: { output: 0 } },
        params: { size, stack, first: 0 },
        groups: [ceilDiv(stack, kernel.constants.LANES), 1, 1],
      },
    ],
  };
}
