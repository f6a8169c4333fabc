import { prefersQuadSwap } from "./defaults.ts";
import { ceilDiv, type DeviceTraits, hasManyTerms, type Kernel, type Launch, type Launches } from "./launch.ts";
import { clusters as shaders } from "./shaders/clusters.gen.ts";
import { clusters_quadswap as quadSwapShaders } from "./shaders/clusters_quadswap.gen.ts";

const { LANES } = shaders.distances.constants;
/** Rows that one invocation of `sums` adds up. */
const SLICE = 256;

/** Partial results of `sums` over so many rows. */
export const slicesOf = (rows: number): number => ceilDiv(rows, SLICE);

export interface ClusterShape {
  readonly rows: number;
  readonly columns: number;
  readonly centres: number;
}

const [first, second, third] = [{ input: 0 }, { input: 1 }, { input: 2 }] as const;

/** Weighted squared distances: inputs x, μ, p; output q. */
export function distances({ rows, columns, centres }: ClusterShape, traits: DeviceTraits): Launches {
  const vec4 = columns % 4 === 0;
  const quadSwap = vec4 && prefersQuadSwap(traits);
  const kernel: Kernel = quadSwap ? quadSwapShaders.distances : vec4 ? shaders.distances_vec4 : shaders.distances;
  const bind: Launch["bind"] =
    vec4 && !quadSwap ? { x_vec4: first, mu_vec4: second, p_vec4: third } : { x: first, mu: second, p: third };
  return {
    flops: 4 * rows * columns * centres,
    launches: [
      {
        kernel,
        constants: hasManyTerms(vec4 ? columns / 4 : columns),
        bind: { ...bind, q: { output: 0 } },
        params: { rows, columns, centres, slice: SLICE },
        groups: [ceilDiv(rows, LANES * 4) * ceilDiv(centres, 4), 1, 1],
      },
    ],
  };
}

/** Weighted first and second moments around centres, in slices: inputs x, μ, r; output part. */
export function sums({ rows, columns, centres }: ClusterShape, traits: DeviceTraits): Launches {
  const vec4 = columns % 4 === 0;
  const quadSwap = vec4 && prefersQuadSwap(traits);
  const kernel: Kernel = quadSwap ? quadSwapShaders.sums : vec4 ? shaders.sums_vec4 : shaders.sums;
  const part = { output: 0 } as const;
  const bind: Launch["bind"] =
    vec4 && !quadSwap ? { x_vec4: first, mu_vec4: second, part_vec4: part } : { x: first, mu: second, part };
  return {
    flops: 6 * rows * columns * centres,
    launches: [
      {
        kernel,
        bind: { ...bind, r: third },
        params: { rows, columns, centres, slice: SLICE },
        groups: [ceilDiv(columns, LANES * (vec4 ? 4 : 1)) * ceilDiv(centres, 4) * slicesOf(rows), 1, 1],
      },
    ],
  };
}
