import { prefersQuadSwap } from "./defaults.ts";
import { ceilDiv, type DeviceTraits, hasManyTerms, type Launches } from "./launch.ts";
import { clusters as scalar } from "./shaders/clusters.gen.ts";
import { clusters_quadswap as quadSwap } from "./shaders/clusters_quadswap.gen.ts";
import { clusters_vec4 as vec4 } from "./shaders/clusters_vec4.gen.ts";

const { LANES } = scalar.distances.constants;
/** Rows that one invocation of `sums` adds up. */
const SLICE = 256;

/** Partial results of `sums` over so many rows. */
export const slicesOf = (rows: number): number => ceilDiv(rows, SLICE);

export interface ClusterShape {
  readonly rows: number;
  readonly columns: number;
  readonly centres: number;
}

/** Columns that a load brings, and the kernels that load so. */
function kernelsFor(columns: number, traits: DeviceTraits) {
  if (columns % 4 !== 0) return { by: 1, kernels: scalar } as const;
  return { by: 4, kernels: prefersQuadSwap(traits) ? quadSwap : vec4 } as const;
}

/** Weighted squared distances: inputs x, μ, p; output q. */
export function distances({ rows, columns, centres }: ClusterShape, traits: DeviceTraits): Launches {
  const { by, kernels } = kernelsFor(columns, traits);
  return {
    flops: 4 * rows * columns * centres,
    launches: [
      {
        kernel: kernels.distances,
        constants: hasManyTerms(columns / by),
        bind: { x: { input: 0 }, mu: { input: 1 }, p: { input: 2 }, q: { output: 0 } },
        params: { rows, columns, centres, slice: SLICE },
        groups: [ceilDiv(rows, LANES * 4) * ceilDiv(centres, 4), 1, 1],
      },
    ],
  };
}

/** Weighted first and second moments around centres, in slices: inputs x, μ, r; output part. */
export function sums({ rows, columns, centres }: ClusterShape, traits: DeviceTraits): Launches {
  const { by, kernels } = kernelsFor(columns, traits);
  return {
    flops: 6 * rows * columns * centres,
    launches: [
      {
        kernel: kernels.sums,
        bind: { x: { input: 0 }, mu: { input: 1 }, r: { input: 2 }, part: { output: 0 } },
        params: { rows, columns, centres, slice: SLICE },
        groups: [ceilDiv(columns, LANES * by) * ceilDiv(centres, 4) * slicesOf(rows), 1, 1],
      },
    ],
  };
}
