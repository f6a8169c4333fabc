import { LatentError } from "../device/errors.ts";
import { mul, sub } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { transpose } from "../graph/ops/shape.ts";
import { uniforms } from "../data/philox.ts";
import { eachBatch, gpuOf, type Rows } from "../data/rows.ts";
import { eigenpairs } from "./tridiagonal.ts";

/** Columns beyond those asked for, which make the wanted ones settle sooner. */
const OVERSAMPLING = 10;
/** Passes over the rows at most. */
const MOST_PASSES = 16;
/** A pair is found when ‖S·u − λ·u‖ is below this part of the least wanted λ. */
const TOLERANCE = 1e-4;
/** Elements of rows that one product takes. */
const ELEMENTS = 2 ** 23;

/** What is left of a vector after projections counts as a direction of its own if it is longer than this part of it. */
const INDEPENDENT = 1e-6;

/**
 * The `rank` largest eigenvalues of S = Σ_i w_i (x_i − m)(x_i − m)ᵀ / divisor and their eigenvectors, without S: a block Krylov
 * space of products with the rows, one pass over them a block, then the eigenpairs of S in that space.
 *
 * Returns values [rank], descending, and vectors [rank, d], in float64 from products in f32. Memory: O(d · rank) beside a batch.
 * Throws LatentError("numeric") where the pairs do not settle.
 * Source: Musco & Musco, Randomized block Krylov methods, NeurIPS 2015.
 */
export async function leadingEigenpairs(
  where: string,
  rows: Rows,
  mean: Float64Array,
  divisor: number,
  rank: number,
  signal?: AbortSignal,
  weights?: Float32Array<ArrayBuffer>,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const d = rows.dim;
  const width = Math.min(d, rows.count, rank + OVERSAMPLING);
  const basis: Float64Array[] = [];
  const images: Float64Array[] = [];
  const start = uniforms(width * d, 1, { seed: 0 });
  let block: Float64Array[] = Array.from({ length: width }, (_, j) =>
    Float64Array.from(start.subarray(j * d, j * d + d)),
  );
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const fresh = orthonormal(block, basis);
    if (fresh.length > 0) {
      basis.push(...fresh);
      block = await products(where, rows, mean, divisor, fresh, signal, weights);
      images.push(...block);
    }
    const found = ritz(basis, images, Math.min(rank, basis.length));
    if (fresh.length === 0 || found.residual <= TOLERANCE * found.values.at(-1)!) return filled(found, rank, d);
  }
  throw new LatentError(
    "numeric",
    `${where}: the ${rank} leading directions do not settle in ${MOST_PASSES} passes over the rows. Choose a rank after which the eigenvalues fall.`,
  );
}

/** Data of fewer directions than asked for have the rest at eigenvalue 0. */
const filled = ({ values, vectors }: { values: Float64Array; vectors: Float64Array }, rank: number, d: number) => {
  const [allValues, allVectors] = [new Float64Array(rank), new Float64Array(rank * d)];
  allValues.set(values);
  allVectors.set(vectors);
  return { values: allValues, vectors: allVectors };
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
};

const addScaled = (to: Float64Array, from: Float64Array, factor: number): void => {
  for (let i = 0; i < to.length; i++) to[i]! += factor * from[i]!;
};

/** The directions of `block` that are not in `basis`, orthonormal; Gram–Schmidt, twice, since once leaves rounding behind. */
function orthonormal(block: readonly Float64Array[], basis: readonly Float64Array[]): Float64Array[] {
  const found: Float64Array[] = [];
  for (const column of block) {
    const v = column.slice();
    const before = Math.sqrt(dot(v, v));
    for (let round = 0; round < 2; round++) for (const q of [...basis, ...found]) addScaled(v, q, -dot(q, v));
    const length = Math.sqrt(dot(v, v));
    if (length > INDEPENDENT * before) found.push(v.map((value) => value / length));
  }
  return found;
}

/** S times each of `columns`. */
async function products(
  where: string,
  rows: Rows,
  mean: Float64Array,
  divisor: number,
  columns: readonly Float64Array[],
  signal?: AbortSignal,
  weights?: Float32Array<ArrayBuffer>,
): Promise<Float64Array[]> {
  const d = rows.dim;
  const flat = new Float32Array(columns.length * d);
  for (const [j, column] of columns.entries()) flat.set(column, j * d);
  const sums = new Float64Array(columns.length * d);
  await eachBatch(
    rows,
    Math.max(64, Math.floor(ELEMENTS / d / 64) * 64),
    async (batch, start) => {
      const gpu = gpuOf(where, batch);
      const own = weights?.slice(start, start + batch.shape[0]!);
      const part = gpu.within(() => {
        const centred = sub(batch, gpu.tensor(mean, [d]));
        const along = matmul(centred, transpose(gpu.tensor(flat, [columns.length, d])));
        const counted = own ? mul(along, gpu.tensor(own, [own.length, 1])) : along;
        return matmul(transpose(counted), centred);
      });
      const values = await part.read({ signal }).finally(() => part.dispose());
      for (let i = 0; i < values.length; i++) sums[i]! += values[i]! / divisor;
    },
    signal,
  );
  return columns.map((_, j) => sums.subarray(j * d, j * d + d));
}

/** Eigenpairs of S within the space of `basis`, given S times each of it; `residual` is the largest ‖S·u − λ·u‖. */
function ritz(basis: readonly Float64Array[], images: readonly Float64Array[], rank: number) {
  const [size, d] = [basis.length, basis[0]!.length];
  const inner = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const value = 0.5 * (dot(basis[i]!, images[j]!) + dot(basis[j]!, images[i]!));
      inner[i * size + j] = value;
      inner[j * size + i] = value;
    }
  const { values: all, vectors: weights } = eigenpairs(inner, size);
  const values = new Float64Array(rank);
  const vectors = new Float64Array(rank * d);
  let residual = 0;
  for (let k = 0; k < rank; k++) {
    const from = size - 1 - k;
    const vector = vectors.subarray(k * d, k * d + d);
    const image = new Float64Array(d);
    for (let i = 0; i < size; i++) {
      addScaled(vector, basis[i]!, weights[from * size + i]!);
      addScaled(image, images[i]!, weights[from * size + i]!);
    }
    values[k] = Math.max(0, all[from]!);
    addScaled(image, vector, -values[k]!);
    residual = Math.max(residual, Math.sqrt(dot(image, image)));
  }
  return { values, vectors, residual };
}
