import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { semidefinite as shaders } from "./shaders/semidefinite.gen.ts";

/**
 * Factors `stack` matrices of `size` rows: inputs a and what pivots must be above, feature by feature; outputs l with a ≈ lᵀ·l,
 * what is left of the diagonals, and the ranks.
 */
export function semidefinite(stack: number, size: number): Launches {
  const { SIZE, TILE, LANES } = shaders.update.constants;
  const bind = {
    a: { input: 0 },
    least: { input: 1 },
    w: { scratch: 0 },
    l: { output: 0 },
    rest: { output: 1 },
    rank: { output: 2 },
  };
  const launch = (kernel: Launch["kernel"], first: number, groups: number): Launch => ({
    kernel,
    bind,
    params: { size, stack, first },
    groups: [groups, 1, 1],
  });
  const launches = [launch(shaders.start, 0, ceilDiv(stack * size * size, LANES))];
  const tiles = ceilDiv(size, TILE);
  for (let first = 0; first < size; first += SIZE) {
    launches.push(launch(shaders.rows, first, stack));
    if (first + SIZE < size) launches.push(launch(shaders.update, first, tiles * tiles * stack));
  }
  return { launches, scratch: [4 * stack * size * size], flops: stack * 2 * size ** 3 };
}
