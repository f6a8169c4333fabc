import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { triangular as shaders } from "./shaders.gen.ts";

/** Solves `stack` systems l · x = b, or lᵀ · x = b: inputs l and b, output x. */
export function triangular(stack: number, size: number, columns: number, transposed: boolean): Launches {
  const { SIZE, LANES } = shaders.solve.constants;
  const launch = (kernel: Launch["kernel"], first: number, groups: number): Launch => ({
    kernel,
    constants: { TRANSPOSED: Number(transposed) },
    bind: { l: { input: 0 }, b: { input: 1 }, x: { output: 0 } },
    params: { size, columns, stack, first },
    groups: [groups, 1, 1],
  });
  const launches = [launch(shaders.start, 0, ceilDiv(stack * size * columns, LANES))];
  const blocks = ceilDiv(size, SIZE);
  for (let step = 0; step < blocks; step++) {
    const first = (transposed ? blocks - 1 - step : step) * SIZE;
    launches.push(launch(shaders.solve, first, ceilDiv(columns, LANES) * stack));
    const left = transposed ? first : size - first - SIZE;
    if (left > 0) launches.push(launch(shaders.update, first, ceilDiv(columns, SIZE) * ceilDiv(left, SIZE) * stack));
  }
  return { launches, flops: stack * size * size * columns };
}
