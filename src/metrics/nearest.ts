import { rowsOf, type Samples } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import type { LongCall } from "../formats/call.ts";
import { cast } from "../graph/ops/cast.ts";
import { topK } from "../graph/ops/sort.ts";
import { eachPair } from "./pairs.ts";

/** The nearest rows of b for each row of a, the nearest first; of equals the lower index. */
export interface Nearest {
  /** [n, k], Euclidean. */
  readonly distances: Float64Array;
  /** [n, k], as the GPU found them: what other squared distances are compared with. */
  readonly squared: Float32Array<ArrayBuffer>;
  /** [n, k] rows of b. */
  readonly indices: Uint32Array;
}

/**
 * The k nearest rows of b for each row of a: { distances, indices } [n, k]. With `others`, where a is b, a row is not its own neighbour:
 * it is left out by its index, so that a duplicate counts, at distance 0.
 *
 * Exact: every pair is looked at, by squared differences (`eachPair`). Throws LatentError("argument") where b has too few rows.
 *
 *     const { distances, indices } = await nearest(a, b, 1);
 */
export async function nearest(
  first: Samples,
  second: Samples,
  k: number,
  { others = false, ...long }: LongCall & { readonly others?: boolean; readonly where?: string } = {},
): Promise<Nearest> {
  const where = long.where ?? "nearest";
  const [a, b] = [rowsOf(where, first), rowsOf(where, second)];
  const most = b.count - Number(others);
  check(Number.isInteger(k) && k >= 1 && k <= most, "argument", where, () => {
    return `expected k in [1, ${most}], as many neighbours as there are; got ${k}.`;
  });
  const blocks = await eachPair(
    a,
    b,
    (squares) => {
      const { values, indices } = topK(squares, Math.min(k + Number(others), squares.shape[1]!), { largest: false });
      return [values, cast(indices, "f32")];
    },
    long,
  );
  const n = a.count;
  const squared = new Float32Array(n * k).fill(Infinity);
  const indices = new Uint32Array(n * k);
  // blocks come in order of j, so that of equals the lower index is there first
  for (const { i, j, rows, found } of blocks) {
    const [values, places] = found as [Float32Array, Float32Array];
    const wide = values.length / rows;
    for (let r = 0; r < rows; r++) {
      const row = i + r;
      for (let c = 0; c < wide; c++) {
        const value = values[r * wide + c]!;
        const place = j + places[r * wide + c]!;
        if (others && place === row) continue;
        if (!(value < squared[row * k + k - 1]!)) break;
        let at = row * k + k - 1;
        for (; at > row * k && value < squared[at - 1]!; at--) {
          squared[at] = squared[at - 1]!;
          indices[at] = indices[at - 1]!;
        }
        squared[at] = value;
        indices[at] = place;
      }
    }
  }
  return { distances: Float64Array.from(squared, Math.sqrt), squared, indices };
}
