import { rowsOf, type Samples } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import type { LongCall } from "../formats/call.ts";
import { cast } from "../graph/ops/cast.ts";
import { add, mul } from "../graph/ops/arithmetic.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { pad } from "../graph/ops/pad.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { sort, type Sorted, topK } from "../graph/ops/sort.ts";
import { min } from "../graph/ops/sum.ts";
import { takeAlongAxis } from "../graph/ops/take.ts";
import type { Tensor } from "../graph/tensor.ts";
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
 * Exact: every pair is looked at, by squared differences (`eachPair`). Throws LatentError: "argument" where b has too few rows, "numeric"
 * where a row has fewer than k neighbours at distances that f32 can square, 1.8e19.
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
    (squares, _i, _j, { atMost, exact }) => {
      const count = Math.min(k + Number(others), squares.shape[1]!);
      const { values, indices } = smallest(exact(slice(smallest(atMost, count).values, 1, count - 1, count)), count);
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
  const lost = squared.indexOf(Infinity);
  check(lost < 0, "numeric", where, () => {
    return `row ${Math.floor(lost / k)} has only ${lost % k} neighbours nearer than 1.8e19, beyond which f32 holds no square. Expected ${k}. Scale the data, and replace what is not finite.`;
  });
  return { distances: Float64Array.from(squared, Math.sqrt), squared, indices };
}

/**
 * The k smallest of each row of x [n, m], in order, of equals the first. No gradient; not for NaN.
 *
 * They lie in the k segments of the row with the least minima, so it is these that are sorted: k·√(m/k) elements in place of m.
 */
function smallest(x: Tensor, k: number): Sorted {
  const [n, m] = x.shape as [number, number];
  const best = Math.max(1, Math.round(Math.sqrt(m / k)));
  // a size that divides m saves a copy
  const sizes = Array.from({ length: 2 * best }, (_, at) => at + 1).filter((size) => 2 * size > best);
  const size = sizes.filter((size) => m % size === 0).at(-1) ?? best;
  const segments = Math.ceil(m / size);
  if (segments < 4 * k) return topK(x, k, { largest: false });
  const whole = segments * size === m ? x : pad(x, 1, 0, segments * size - m, Infinity);
  const least = topK(min(reshape(whole, [n, segments, size]), 2), k, { largest: false }).indices;
  // in order, so that of equals the first stays first
  const chosen = reshape(sort(least).values, [n, k, 1]);
  const places = reshape(add(mul(chosen, size), reshape(arange(x.gpu, size), [1, 1, size])), [n, k * size]);
  const { values, indices } = topK(takeAlongAxis(whole, places), k, { largest: false });
  return { values, indices: takeAlongAxis(places, indices) as Tensor<"u32"> };
}
