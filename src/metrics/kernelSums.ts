import { eachBatch, gpuOfRows, type Rows } from "../data/rows.ts";
import { add, div, equal, mul, square, sub, where as select } from "../graph/ops/arithmetic.ts";
import { exp } from "../graph/ops/elementwise.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { LongCall } from "../formats/call.ts";
import { eachPair } from "./pairs.ts";

/** A kernel of two rows: (x·y/d + 1)³, or exp(−|x − y|²/2σ²). */
export type Kernel = { readonly kernel: "polynomial" } | { readonly kernel: "rbf"; readonly sigma: number };

/** Sums of a kernel over the pairs of two sets, those of a row with the row of its own number apart. */
export interface KernelSums {
  /** Σ_j k(a_i, b_j), j ≠ i, of a set with itself; of two sets all j. */
  readonly rows: Float64Array;
  /** Σ_i k(a_i, b_j), in the same way. */
  readonly columns: Float64Array;
  /** Σ k over all pairs of unlike numbers, and Σ k². */
  readonly total: number;
  readonly squares: number;
  /** Σ_i k(a_i, b_i), and Σ k². */
  readonly diagonal: number;
  readonly diagonalSquares: number;
}

/** Rows that the typical value comes from. */
const PROBE = 64;

/** A typical value of the kernel: what sums leave out, so that their rounding is that of what varies. */
export async function typical(a: Rows, b: Rows, kernel: Kernel, signal?: AbortSignal): Promise<number> {
  const part = (rows: Rows): Rows => ({
    ...rows,
    count: Math.min(PROBE, rows.count),
    batch: (i, n) => rows.batch(i, n),
  });
  const { total, diagonal } = await kernelSums("kernel", part(a), part(b), kernel, 0, false, { signal });
  return Math.fround((total + diagonal) / (Math.min(PROBE, a.count) * Math.min(PROBE, b.count)));
}

/** Sums of k − shift over all pairs on the GPU, given back for k itself in float64; `own`: b is a, and pairs are walked once. */
export async function kernelSums(
  where: string,
  a: Rows,
  b: Rows,
  kernel: Kernel,
  shift: number,
  own: boolean,
  long: LongCall = {},
): Promise<KernelSums> {
  const [rows, columns] = [new Float64Array(a.count), new Float64Array(b.count)];
  let [squares, diagonal, diagonalSquares] = [0, 0, 0];
  const twoSquares = kernel.kernel === "rbf" ? 2 * kernel.sigma ** 2 : 0;
  const constants = (await gpuOfRows(where, a)).tensor([shift, twoSquares]);
  try {
    const blocks = await eachPair(
      a,
      b,
      (block, i, j) => {
        const [r, c] = block.shape as [number, number];
        const k = sub(kernelOf(block, kernel, a.dim, constants), slice(constants, 0, 0, 1));
        const here = i === j;
        const same = here ? equal(reshape(arange(block.gpu, r), [r, 1]), reshape(arange(block.gpu, c), [1, c])) : null;
        const offDiagonal = same ? select(same, 0, k) : k;
        const on = same ? select(same, k, 0) : null;
        return [
          sum(offDiagonal, 1),
          sum(offDiagonal, 0),
          sum(square(offDiagonal), 1),
          ...(on ? [sum(on, 1), sum(square(on), 1)] : []),
        ];
      },
      { ...long, where, of: kernel.kernel === "polynomial" ? "products" : "squaredDistances", symmetric: own },
    );
    const added = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
    for (const { i, j, rows: r, columns: c, found } of blocks) {
      const [byRow, byColumn, squared, ...own2] = found as Float32Array[];
      const here = i === j;
      const like = here ? Math.min(r, c) : 0;
      const twice = own && !here;
      for (let at = 0; at < r; at++) rows[i + at]! += byRow![at]! + shift * (c - Number(at < like));
      for (let at = 0; at < c; at++) columns[j + at]! += byColumn![at]! + shift * (r - Number(at < like));
      if (twice) {
        for (let at = 0; at < c; at++) rows[j + at]! += byColumn![at]! + shift * r;
        for (let at = 0; at < r; at++) columns[i + at]! += byRow![at]! + shift * c;
      }
      const pairs = r * c - like;
      squares += (1 + Number(twice)) * (added(squared!) + 2 * shift * added(byRow!) + shift * shift * pairs);
      if (!here) continue;
      const [once, square2] = [added(own2[0]!), added(own2[1]!)];
      if (!own)
        for (let at = 0; at < like; at++) {
          rows[i + at]! += own2[0]![at]! + shift;
          columns[j + at]! += own2[0]![at]! + shift;
        }
      diagonal += once + shift * like;
      diagonalSquares += square2 + 2 * shift * once + shift * shift * like;
    }
    const total = rows.reduce((sum, value) => sum + value, 0) - (own ? 0 : diagonal);
    return { rows, columns, total, squares, diagonal, diagonalSquares };
  } finally {
    constants.dispose();
  }
}

function kernelOf(block: Tensor, { kernel }: Kernel, dim: number, constants: Tensor): Tensor {
  if (kernel === "rbf") return exp(div(mul(block, -1), slice(constants, 0, 1, 2)));
  const base = add(div(block, dim), 1);
  return mul(mul(base, base), base);
}

/** The median distance of up to 1000 pairs of unlike rows of a set: the median heuristic for σ. */
export async function medianDistance(rows: Rows, signal?: AbortSignal): Promise<number> {
  const some: Rows = { ...rows, count: Math.min(rows.count, 512), batch: (i, n) => rows.batch(i, n) };
  let values: number[] = [];
  await eachBatch(
    some,
    some.count,
    async (batch) => {
      const x = await batch.read({ signal });
      const d = rows.dim;
      for (let i = 0; i < some.count; i++)
        for (let j = 0; j < i; j++) {
          let total = 0;
          for (let c = 0; c < d; c++) total += (x[i * d + c]! - x[j * d + c]!) ** 2;
          values.push(Math.sqrt(total));
        }
    },
    signal,
  );
  values = values.sort((a, b) => a - b);
  return values.length === 0 ? 1 : values[values.length >> 1]!;
}
