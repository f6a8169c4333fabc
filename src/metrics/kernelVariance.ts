import { permutation } from "../data/philox.ts";
import { gpuOf, type Rows, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { gather } from "../graph/ops/gather.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import type { KernelSums } from "./kernelSums.ts";
import type { Context } from "./measure.ts";
import { meanAndVariance } from "./statistics.ts";

/**
 * Variance of the unbiased squared MMD. Equal sizes: the plug-in of Sutherland et al. 2017 (arXiv 1611.04488), 4(m−2)ζ₁/(m(m−1)) + 2ζ₂/(m(m−1)), with X, Y
 * the kernel matrices without diagonal and C the cross matrix; it can come out below 0, as for identical sets, and the deviation is then ζ₂'s.
 * Unlike sizes: `ofUnlikeSizes`; with fewer than 3 rows to first order, from the means of each row.
 */
export function kernelVariance(x: KernelSums, y: KernelSums, c: KernelSums, n: number, m: number, scale: number) {
  if (Math.min(n, m) < 3) return { deviation: scale * Math.sqrt(toFirstOrder(x, y, c, n, m)) };
  if (n !== m) return { deviation: scale * Math.sqrt(ofUnlikeSizes(x, y, c, n, m)) };
  const [c1, ct1] = [c.rows, c.columns];
  const [sx, sy, sc] = [x.total, y.total, c.total + c.diagonal];
  const squares = c.squares + c.diagonalSquares;
  const pairs = m * (m - 1);
  const cross = sum(x.rows, c1) + sum(y.rows, ct1);
  const zeta1 =
    (sum(x.rows) - x.squares + sum(y.rows) - y.squares) / (pairs * (m - 2)) -
    (sx * sx + sy * sy) / pairs ** 2 +
    (sum(c1) + sum(ct1) - 2 * squares) / (m * m * (m - 1)) -
    (2 * sc * sc) / m ** 4 -
    (2 * cross) / (m * pairs) +
    (2 * (sx + sy) * sc) / (m * m * pairs);
  const zeta2 =
    (x.squares + y.squares) / pairs -
    (sx * sx + sy * sy) / pairs ** 2 +
    (2 * squares) / (m * m) -
    (2 * sc * sc) / m ** 4 -
    (4 * cross) / (m * pairs) +
    (4 * (sx + sy) * sc) / (m * m * pairs);
  const variance = (4 * (m - 2) * zeta1 + 2 * zeta2) / pairs;
  const safe = variance > 0 ? variance : (2 * Math.max(0, zeta2)) / pairs;
  return {
    variance: scale * scale * variance,
    zeta1: scale * scale * zeta1,
    zeta2: scale * scale * zeta2,
    deviation: scale * Math.sqrt(safe),
  };
}

const sum = (values: Float64Array, other = values): number =>
  values.reduce((total, value, i) => total + value * other[i]!, 0);

/** 4 Var/n + 4 Var/m of the means of rows. It is too large: these means also vary with the pairs that they are means of. */
function toFirstOrder(x: KernelSums, y: KernelSums, c: KernelSums, n: number, m: number): number {
  const ofX = meanAndVariance(x.rows.map((value, i) => value / (n - 1) - c.rows[i]! / m)).variance;
  const ofY = meanAndVariance(y.rows.map((value, j) => value / (m - 1) - c.columns[j]! / n)).variance;
  return (4 * ofX) / n + (4 * ofY) / m;
}

/**
 * Var U_x + Var U_y + 4 Var C − 4 Cov(U_x, C) − 4 Cov(U_y, C) of two sets of n and m rows, each mean of a product of kernels taken over unlike rows:
 *
 *     Var U_x = (4(n−2)ζ₁ + 2ζ₂)/(n(n−1)),  Var C = ((m−1)ζ₁ˣ + (n−1)ζ₁ʸ + ζ₂ᶜ)/(nm),  Cov(U_x, C) = 2 Cov(k(x, x′), k(x, y))/n
 *
 * It is no less than what single pairs vary by, 2ζ₂/(n(n−1)) + 2ζ₂/(m(m−1)) + 4ζ₂ᶜ/(nm), which is all where the laws are equal.
 * Source: Hoeffding 1948, theorem 5.2; Lee, U-Statistics, 1990, section 2.2.
 */
function ofUnlikeSizes(x: KernelSums, y: KernelSums, c: KernelSums, n: number, m: number): number {
  const mean = (c.total + c.diagonal) / (n * m);
  const squares = c.squares + c.diagonalSquares;
  const ofSet = (own: KernelSums, ofCross: Float64Array, count: number, others: number) => {
    const pairs = count * (count - 1);
    const ownMean = own.total / pairs;
    return {
      pairs,
      zeta1: (sum(own.rows) - own.squares) / (pairs * (count - 2)) - ownMean ** 2,
      zeta2: own.squares / pairs - ownMean ** 2,
      crossZeta1: (sum(ofCross) - squares) / (n * m * (others - 1)) - mean ** 2,
      covariance: sum(own.rows, ofCross) / (pairs * others) - ownMean * mean,
    };
  };
  const [ofX, ofY] = [ofSet(x, c.rows, n, m), ofSet(y, c.columns, m, n)];
  const crossZeta2 = squares / (n * m) - mean ** 2;
  const ofPairs = (2 * ofX.zeta2) / ofX.pairs + (2 * ofY.zeta2) / ofY.pairs + (4 * crossZeta2) / (n * m);
  const ofRows =
    (4 * (n - 2) * ofX.zeta1) / ofX.pairs +
    (4 * (m - 2) * ofY.zeta1) / ofY.pairs +
    (4 * ((m - 1) * ofX.crossZeta1 + (n - 1) * ofY.crossZeta1)) / (n * m) -
    (8 * ofX.covariance) / n -
    (8 * ofY.covariance) / m;
  return Math.max(ofRows, 0) + Math.max(ofPairs, 0);
}

/** Rows `picked` of a set, for as long as `use` takes. */
async function* parts(
  [a, b]: readonly [Rows, Rows],
  picks: Iterable<readonly [Uint32Array, Uint32Array]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<[Rows, Rows]> {
  const owned: Tensor[] = [];
  try {
    const wholes: Tensor[] = [];
    for (const rows of [a, b]) {
      const x = await rows.batch(0, rows.count);
      wholes.push(x);
      if (rows.keeps !== true) owned.push(x);
    }
    const gpu = gpuOf("parts", wholes[0]!);
    for (const picked of picks) {
      const both = wholes.map((x, set) => gpu.within(() => gather(x, gpu.tensor(picked[set]!.slice().sort()))));
      try {
        await gpu.evaluate(both, { signal });
        yield both.map((x) => rowsOf("parts", x)) as [Rows, Rows];
      } finally {
        for (const x of both) x.dispose();
      }
    }
  } finally {
    for (const x of owned) x.dispose();
  }
}

/** Random subsets of both sets, each drawn without replacement. Throws LatentError("argument") where a set is smaller. */
export function subsetsOf(pair: readonly [Rows, Rows], subsets: number, size: number, { where, seed, long }: Context) {
  const [n, m] = [pair[0].count, pair[1].count];
  check(size <= Math.min(n, m), "argument", where, () => {
    return `expected subsetSize at most the rows of the smaller set, ${Math.min(n, m)}; got ${size}.`;
  });
  const draw = (count: number, step: number) =>
    permutation(count, { seed: seed(), stream: STREAMS.subset, step }).slice(0, size);
  return parts(
    pair,
    Array.from({ length: subsets }, (_, t) => [draw(n, 2 * t), draw(m, 2 * t + 1)] as const),
    long.signal,
  );
}

/** Disjoint blocks of consecutive rows of both sets, shuffled. */
export function blocksOf(pair: readonly [Rows, Rows], size: number, { where, seed, long }: Context) {
  const orders = pair.map(({ count }, set) => permutation(count, { seed: seed(), stream: STREAMS.subset, step: set }));
  const blocks = Math.floor(Math.min(...pair.map(({ count }) => count)) / size);
  check(blocks >= 2, "argument", where, () => {
    return `expected blockSize at most half the rows of the smaller set, ${Math.min(...pair.map(({ count }) => count))}; got ${size}.`;
  });
  const cut = (set: number, k: number) => orders[set]!.slice(k * size, (k + 1) * size);
  return parts(
    pair,
    Array.from({ length: blocks }, (_, k) => [cut(0, k), cut(1, k)] as const),
    long.signal,
  );
}
