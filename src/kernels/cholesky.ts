import { defaultsFor } from "./defaults.ts";
import { ceilDiv, type DeviceTraits, type Launch, type Launches } from "./launch.ts";
import { cholesky as shaders } from "./shaders/cholesky.gen.ts";

/** Most rows that one invocation factors alone: a workgroup's barriers would cost more. */
const SMALL = 16;

/**
 * Factors `stack` matrices of `size` rows: input 0 a, output 0 l, output 1 the failed pivots.
 *
 * A pivot counts as bad below √size · 2⁻²⁴ of its matrix entry, what rounding leaves of an exact zero, or below 2⁻¹²⁶.
 */
export function cholesky(stack: number, size: number, traits: DeviceTraits): Launches {
  const { SIZE, LANES } = shaders.update.constants;
  const { start, small, ...kernels } = shaders;
  const [diagonal, panel, update] = defaultsFor(traits).linalg.blocksInRegisters
    ? [kernels.diagonal_registers, kernels.panel_registers, kernels.update_shared]
    : [kernels.diagonal, kernels.panel, kernels.update];
  const tolerance = Math.sqrt(size) * 2 ** -24;
  const bind = { a: { input: 0 }, l: { output: 0 }, failed: { output: 1 } };
  const launch = (kernel: Launch["kernel"], first: number, groups: number): Launch => ({
    kernel,
    bind,
    params: { size, stack, first, tolerance },
    groups: [groups, 1, 1],
  });
  const flops = (stack * size ** 3) / 3;
  if (size <= SMALL) return { launches: [launch(small, 0, ceilDiv(stack, LANES))], flops };
  const launches = [launch(start, 0, ceilDiv(stack * size * size, LANES))];
  for (let first = 0; first < size; first += SIZE) {
    launches.push(launch(diagonal, first, stack));
    const below = size - first - SIZE;
    if (below <= 0) break;
    const tiles = ceilDiv(below, SIZE);
    launches.push(launch(panel, first, ceilDiv(below, LANES) * stack));
    launches.push(launch(update, first, tiles * tiles * stack));
  }
  return { launches, flops };
}
