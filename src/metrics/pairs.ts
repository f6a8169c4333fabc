import { allFinite, checkFinite, gpuOfRows, rowsOf, type Samples } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { abortable, type LongCall, progressOf } from "../formats/call.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { transpose } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type PairDistances, pairDistances } from "../linalg/pairDistances.ts";
import type { Gpu } from "../program/gpu.ts";

/** What was found for the pairs of some rows of a with some of b. */
export interface Block {
  /** The first row of a. */
  readonly i: number;
  /** How many rows of a. */
  readonly rows: number;
  /** The first row of b. */
  readonly j: number;
  /** How many rows of b. */
  readonly columns: number;
  /** What `use` returned, read. */
  readonly found: readonly Float32Array[];
}

/** How pairs are walked. */
export interface PairOptions extends LongCall {
  /** What `use` gets: |aᵢ − bⱼ|² (the default), or the inner products aᵢ·bⱼ. */
  readonly of?: "squaredDistances" | "products";
  /** Blocks below the diagonal are left out; for a set with itself. */
  readonly symmetric?: boolean;
  /** Who asks, for messages. */
  readonly where?: string;
}

/** Rows of one side of a block at most, and what a block may cost in multiplications: well under 100 ms of a GPU, 500 of a CPU. */
const SIDE = 2048;
const COST = { hardware: 2 ** 31, software: 2 ** 29 } as const;

/** Starts that cut `count` into parts as equal as can be, whole tiles of 32 rows but for the last, of at most `most`, a multiple of 32. */
export function cuts(count: number, most: number): number[] {
  const parts = Math.ceil(count / most);
  const size = parts === 1 ? count : 32 * Math.ceil(count / parts / 32);
  return Array.from({ length: Math.ceil(count / size) }, (_, k) => k * size);
}

/** Blocks under way at a time. */
const IN_FLIGHT = 2;

/**
 * Walks all pairs of rows of a and b in blocks. `use` records what it wants of a block's [rows, columns] and returns small tensors, which
 * are read while the next block is computed.
 *
 * Squared distances are right to a few units of rounding of themselves, however far the rows are from 0: by products from 32 features on, and by
 * differences where rows are near (`pairDistances`). Where they are compared with a limit that other distances gave, `pairs.exact(limit)` has those up to
 * `limit` [rows, 1] as sums of squared differences: exact for whole numbers, and the same number for a pair whichever block it is in.
 * Throws LatentError: "shape" where features differ in number, "data" naming a value that is not finite.
 *
 *     await eachPair(a, b, (squares) => [min(squares, 1)]);
 */
export async function eachPair(
  first: Samples,
  second: Samples,
  use: (block: Tensor, i: number, j: number, pairs: PairDistances) => readonly Tensor[],
  { of = "squaredDistances", symmetric = false, where = "eachPair", signal, onProgress }: PairOptions = {},
): Promise<Block[]> {
  const [a, b] = [rowsOf(where, first), rowsOf(where, second)];
  check(a.dim === b.dim, "shape", where, () => `features differ in number: ${a.dim} and ${b.dim}.`);
  const began = performance.now();
  const gpu = await gpuOfRows(where, a);
  const rowsAtOnce = sideOf(gpu, a.dim);
  const [rowStarts, columnStarts] = [cuts(a.count, rowsAtOnce), cuts(b.count, rowsAtOnce)];
  const total = rowStarts.length * columnStarts.length;
  const blocks: (Omit<Block, "found"> & {
    readonly tensors: readonly Tensor[];
    readonly found: Promise<Float32Array[]>;
  })[] = [];
  /** Batches that are ours to free, also where something throws. */
  const open = new Set<Tensor>();
  const free = (batch: Tensor): void => {
    if (open.delete(batch)) batch.dispose();
  };
  let step = 0;
  try {
    for (const [r, i] of rowStarts.entries()) {
      const rows = (rowStarts[r + 1] ?? a.count) - i;
      const left = await a.batch(i, rows);
      if (a.keeps !== true) open.add(left);
      for (const [c, j] of columnStarts.entries()) {
        step++;
        if (symmetric && j < i) continue;
        signal?.throwIfAborted();
        const columns = (columnStarts[c + 1] ?? b.count) - j;
        const right = await b.batch(j, columns);
        if (b.keeps !== true) open.add(right);
        // a row that is not finite is told by the first blocks that it is in
        const isNew = c === (symmetric ? r : 0) || r === 0;
        const tensors = gpu.within(() => {
          const pairs = pairsOf(gpu, left, right, of);
          return [...use(pairs.squares, i, j, pairs), ...(isNew ? [allFinite(left), allFinite(right)] : [])];
        });
        const evaluated = gpu.evaluate(tensors, { signal });
        const found = evaluated.then(() =>
          Promise.all(tensors.map(async (tensor) => (await tensor.read({ signal })) as Float32Array)),
        );
        found.catch(() => {});
        // before anything is waited for, so that an abort meanwhile disposes these too
        blocks.push({ i, j, rows, columns, tensors, found });
        await evaluated;
        free(right);
        await abortable(Promise.resolve(blocks.at(-IN_FLIGHT)?.found), signal);
        onProgress?.(progressOf(began, step, total));
      }
      free(left);
    }
    const read = await Promise.all(
      blocks.map(async ({ i, j, rows, columns, found }) => ({ i, j, rows, columns, found: await found })),
    );
    for (const { found } of read)
      if (found.slice(-2).some((flag) => flag.length === 1 && flag[0] === 0))
        for (const rows of [a, b]) await checkFinite(where, rows, signal);
    return read;
  } finally {
    for (const batch of open) batch.dispose();
    for (const { tensors } of blocks) for (const tensor of tensors) tensor.dispose();
  }
}

function pairsOf(gpu: Gpu, left: Tensor, right: Tensor, of: "squaredDistances" | "products"): PairDistances {
  if (of === "squaredDistances") return pairDistances(gpu, left, right);
  const squares = matmul(left, transpose(right));
  return { squares, atMost: squares, exact: () => squares };
}

function sideOf(gpu: Gpu, dim: number): number {
  const cost = gpu.traits.family === "software" ? COST.software : COST.hardware;
  return Math.max(64, Math.min(SIDE, 64 * Math.floor(Math.sqrt(cost / dim) / 64)));
}
