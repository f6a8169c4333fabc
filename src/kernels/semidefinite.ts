import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { semidefinite as shaders } from "./shaders.gen.ts";

/** Factors `stack` matrices of `size` rows: input 0 a, output 0 l with a ≈ lᵀ·l, output 1 what is left of the diagonal, output 2 ranks. */
export function semidefinite(stack: number, size: number, tolerance: number): Launches {
  const { SIZE, TILE, LANES } = shaders.update.constants;
  const bind = {
    a: { input: 0 },
    w: { scratch: 0 },
    limit: { scratch: 1 },
    l: { output: 0 },
    rest: { output: 1 },
    rank: { output: 2 },
  };
  const launch = (kernel: Launch["kernel"], first: number, groups: Launch["groups"]): Launch => ({
    kernel,
    bind,
    params: { size, stack, first, tolerance },
    groups,
  });
  const launches = [
    launch(shaders.start, 0, [ceilDiv(stack * size * size, LANES), 1, 1]),
    launch(shaders.begin, 0, [stack, 1, 1]),
  ];
  const tiles = ceilDiv(size, TILE);
  for (let first = 0; first < size; first += SIZE) {
    launches.push(launch(shaders.rows, first, [stack, 1, 1]));
    if (first + SIZE < size) launches.push(launch(shaders.update, first, [tiles, tiles, stack]));
  }
  return { launches, scratch: [4 * stack * size * size, 4 * stack], flops: stack * 2 * size ** 3 };
}
