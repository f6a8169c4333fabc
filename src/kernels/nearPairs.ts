import { ceilDiv, hasManyTerms, type Launches } from "./launch.ts";
import { near_pairs as shaders } from "./shaders/near_pairs.gen.ts";

const { LANES } = shaders.near_pairs.constants;

export interface PairShape {
  readonly rows: number;
  readonly others: number;
  readonly columns: number;
  /** Whether pairs nearer than half of what is usual are near as well. */
  readonly relative: boolean;
}

/** Squared distances of near pairs by differences: inputs q, a, b, s, t, limit; output y. */
export function nearPairs({ rows, others, columns, relative }: PairShape): Launches {
  return {
    launches: [
      {
        kernel: shaders.near_pairs,
        constants: { RELATIVE: Number(relative), ...hasManyTerms(columns) },
        bind: {
          q: { input: 0 },
          a: { input: 1 },
          b: { input: 2 },
          s: { input: 3 },
          t: { input: 4 },
          limit: { input: 5 },
          y: { output: 0 },
        },
        params: { rows, others, columns },
        groups: [ceilDiv(rows * ceilDiv(others, 4), LANES), 1, 1],
      },
    ],
  };
}
