import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { clusters as shaders } from "./shaders.gen.ts";

/** Rows that one invocation of `sums` adds up. */
const SLICE = 256;

/** Partial results of `sums` over so many rows. */
export const slicesOf = (rows: number): number => ceilDiv(rows, SLICE);

export interface ClusterShape {
  readonly rows: number;
  readonly columns: number;
  readonly centres: number;
}

/** Weighted squared distances: inputs x, μ, p; output q. */
export function distances({ rows, columns, centres }: ClusterShape): Launches {
  const quads = columns % 4 === 0;
  const kernel = quads ? shaders.distances_quads : shaders.distances;
  const inputs = [{ input: 0 }, { input: 1 }, { input: 2 }] as const;
  const [x, mu, p] = inputs;
  const bind: Launch["bind"] = quads ? { x_quads: x, mu_quads: mu, p_quads: p } : { x, mu, p };
  return {
    flops: 4 * rows * columns * centres,
    launches: [
      {
        kernel,
        bind: { ...bind, q: { output: 0 } },
        params: { rows, columns, centres, slice: SLICE },
        groups: [ceilDiv(rows, kernel.constants.LANES * 4), ceilDiv(centres, 4), 1],
      },
    ],
  };
}

/** Weighted first and second moments around centres, in slices: inputs x, μ, r; output part. */
export function sums({ rows, columns, centres }: ClusterShape): Launches {
  const quads = columns % 4 === 0;
  const kernel = quads ? shaders.sums_quads : shaders.sums;
  const [x, mu, part] = [{ input: 0 }, { input: 1 }, { output: 0 }];
  const bind: Launch["bind"] = quads ? { x_quads: x, mu_quads: mu, part_quads: part } : { x, mu, part };
  const lanes = kernel.constants.LANES * (quads ? 4 : 1);
  return {
    flops: 6 * rows * columns * centres,
    launches: [
      {
        kernel,
        bind: { ...bind, r: { input: 2 } },
        params: { rows, columns, centres, slice: SLICE },
        groups: [ceilDiv(columns, lanes), ceilDiv(centres, 4), slicesOf(rows)],
      },
    ],
  };
}
