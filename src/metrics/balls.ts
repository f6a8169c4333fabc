import { gpuOfRows, type Rows } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import type { LongCall } from "../formats/call.ts";
import { less, lessEqual } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { slice } from "../graph/ops/slice.ts";
import { sum } from "../graph/ops/sum.ts";
import { type Nearest, nearest } from "./nearest.ts";
import { eachPair } from "./pairs.ts";

/** A set's balls: around each row, to its k-th other row. */
export interface Balls {
  readonly rows: Rows;
  /** Squared radii as the GPU found them, [n]: what other squared distances are compared with. */
  readonly squared: Float32Array<ArrayBuffer>;
  readonly radii: Float64Array;
  /** All k neighbours. */
  readonly neighbours: Nearest;
}

/** The balls of a set. Throws LatentError("argument") where it has no k other rows. */
export async function ballsOf(where: string, rows: Rows, k: number, long: LongCall): Promise<Balls> {
  check(k < rows.count, "argument", where, () => {
    return `expected k below the ${rows.count} rows of a set, so that each has k others; got ${k}.`;
  });
  const neighbours = await nearest(rows, rows, k, { ...long, others: true, where });
  const squared = Float32Array.from({ length: rows.count }, (_, i) => neighbours.squared[i * k + k - 1]!);
  return { rows, squared, radii: Float64Array.from(squared, Math.sqrt), neighbours };
}

/** How many pairs lie within: by ball, and by point. */
export interface Hits {
  readonly ofBalls: Float64Array;
  readonly ofPoints: Float64Array;
}

/** Counts the points in balls, closed (on the edge is within) and open. Squared radii and distances are compared as they are. */
export async function hitsOf(
  where: string,
  { rows, squared }: Pick<Balls, "rows" | "squared">,
  points: Rows,
  long: LongCall,
): Promise<{ closed: Hits; open: Hits }> {
  const empty = (): Hits => ({ ofBalls: new Float64Array(rows.count), ofPoints: new Float64Array(points.count) });
  const [closed, open] = [empty(), empty()];
  const radii = (await gpuOfRows(where, rows)).tensor(squared, [rows.count, 1]);
  try {
    const blocks = await eachPair(
      rows,
      points,
      (block, i, _j, { exact }) => {
        const own = slice(radii, 0, i, i + block.shape[0]!);
        const squares = exact(own);
        return [lessEqual, less].flatMap((compare) => {
          const within = cast(compare(squares, own), "f32");
          return [sum(within, 1), sum(within, 0)];
        });
      },
      { ...long, where },
    );
    for (const { i, j, found } of blocks)
      for (const [at, hits] of [closed, open].entries()) {
        for (const [r, count] of found[2 * at]!.entries()) hits.ofBalls[i + r]! += count;
        for (const [c, count] of found[2 * at + 1]!.entries()) hits.ofPoints[j + c]! += count;
      }
    return { closed, open };
  } finally {
    radii.dispose();
  }
}

/** The share of counts that are at least `least`. */
export const share = (counts: Float64Array, least = 1): number =>
  counts.reduce((total, count) => total + Number(count >= least), 0) / counts.length;
