import { permutation } from "../../data/philox.ts";
import { eachBatch, gpuOf, gpuOfRows, type Rows, rowsAtOnce } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import { type LongCall, progressOf } from "../../formats/call.ts";
import { assign } from "../../graph/assign.ts";
import { add, div, greater, maximum, where } from "../../graph/ops/arithmetic.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import { constant } from "../../graph/record.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { centredSums } from "../../linalg/centredSums.ts";
import type { Gpu } from "../../program/gpu.ts";
import { Programs } from "../programs.ts";
import { assigned, type CentreSums, type Found, updatedCentres } from "./lloyd.ts";
import type { KMeansPlan } from "./options.ts";
import { nearest } from "./nearest.ts";
import { plusPlus, randomOrder, rowsAt } from "./seeding.ts";
import { type StartingRows, subsetOf } from "./subset.ts";

/** Centres and how they were found. */
export interface FittedCentres {
  readonly centres: Float32Array<ArrayBuffer>;
  /** Σ w · squared distance from the nearest centre. */
  readonly inertia: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Centres that no row is nearest to. */
  readonly empty: number;
}

/** The best of the restarts. See KMeans.fit. */
export async function fitCentres(
  where: string,
  rows: Rows,
  plan: KMeansPlan,
  weights: Float32Array<ArrayBuffer> | undefined,
  { signal, onProgress }: LongCall,
): Promise<FittedCentres> {
  const { clusters, init, seed, restarts, maxIterations, tolerance } = plan;
  const gpu = await gpuOfRows(where, rows);
  // checks every value on the way
  const { products, count } = await centredSums(where, rows, false, { signal });
  const threshold = (tolerance * products.reduce((a, b) => a + b, 0)) / count / rows.dim;
  const size = Math.min(rows.count, plan.miniBatch ?? rowsAtOnce(rows.dim));
  const given = { centres: clusters, batch: rowsAtOnce(rows.dim), seed, weights };
  const subset = typeof init === "string" ? await subsetOf(gpu, rows, given, signal) : null;
  const lloyd = new Lloyd(
    gpu,
    rows,
    { clusters, size, threshold, isMiniBatch: plan.miniBatch !== null, seed, signal },
    weights,
  );
  const began = performance.now();
  let best: FittedCentres | null = null;
  try {
    for (let restart = 0; restart < restarts; restart++) {
      const start = typeof init === "string" ? await startOf(subset!, init, plan, restart, signal) : init;
      const course = await lloyd.run(start, restart, maxIterations, signal, (iteration) => {
        onProgress?.(progressOf(began, restart * maxIterations + iteration, restarts * maxIterations));
      });
      const measured = { ...course, ...(await inertiaOf(rows, course.centres, weights, signal)) };
      if (!best || measured.inertia < best.inertia) best = measured;
    }
    return best!;
  } finally {
    lloyd.dispose();
    subset?.x.dispose();
  }
}

async function startOf(
  { x, weights }: StartingRows,
  init: "k-means++" | "random",
  { clusters, seed }: KMeansPlan,
  restart: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  if (init === "k-means++") return plusPlus(x, clusters, seed, restart, signal, weights);
  const [n, d] = x.shape as [number, number];
  const order = randomOrder(n, { seed, stream: streamOf("mixture centres"), step: restart }, weights);
  return rowsAt((await x.read({ signal })) as Float32Array, d, order.subarray(0, clusters));
}

/** Σ w · squared distance from the nearest of the centres, in float64 from distances in f32. */
async function inertiaOf(rows: Rows, centres: Float32Array<ArrayBuffer>, weights?: Float32Array, signal?: AbortSignal) {
  const clusters = centres.length / rows.dim;
  let inertia = 0;
  const counts = new Float64Array(clusters);
  await eachBatch(
    rows,
    rowsAtOnce(rows.dim),
    async (x, start) => {
      const gpu = gpuOf("KMeans.fit", x);
      const [squares, sizes] = gpu.within(() => {
        const found = nearest(x, gpu.tensor(centres, [clusters, rows.dim]));
        return [found.squares, sum(found.responsibilities, 0)];
      }) as [Tensor, Tensor];
      try {
        await gpu.evaluate([squares, sizes], { signal });
        for (const [i, value] of (await squares.read({ signal })).entries())
          inertia += value * (weights?.[start + i] ?? 1);
        for (const [k, value] of (await sizes.read({ signal })).entries()) counts[k]! += value;
      } finally {
        for (const t of [squares, sizes]) t.dispose();
      }
    },
    signal,
  );
  return { inertia, empty: counts.filter((count) => count === 0).length };
}

interface LloydOptions {
  readonly clusters: number;
  /** Rows of one step. */
  readonly size: number;
  /** Σ ‖shift‖² at which centres stand still. */
  readonly threshold: number;
  readonly isMiniBatch: boolean;
  readonly signal: AbortSignal | undefined;
  readonly seed: number;
}

/** Lloyd's iterations over any source of rows: centres and sums are states, a batch is one compiled step. */
class Lloyd {
  readonly #gpu: Gpu;
  readonly #rows: Rows;
  readonly #options: LloydOptions;
  readonly #weights: Float32Array<ArrayBuffer> | undefined;
  readonly #centres: Tensor;
  readonly #sums: CentreSums;
  readonly #programs: Programs;

  constructor(gpu: Gpu, rows: Rows, options: LloydOptions, weights?: Float32Array<ArrayBuffer>) {
    this.#gpu = gpu;
    this.#rows = rows;
    this.#options = options;
    this.#weights = weights;
    this.#programs = new Programs(gpu, options.signal);
    const [k, d] = [options.clusters, rows.dim];
    const state = (...shape: number[]) => gpu.state(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    this.#centres = state(k, d);
    this.#sums = { first: state(k, d), counts: state(k), farthest: state(d), reach: state() };
  }

  async run(
    start: Float32Array<ArrayBuffer>,
    restart: number,
    most: number,
    signal: AbortSignal | undefined,
    onIteration: (iteration: number) => void,
  ): Promise<Omit<FittedCentres, "inertia" | "empty">> {
    this.#centres.write(start);
    for (const state of Object.values(this.#sums)) state.write(new Float32Array(state.size));
    const { isMiniBatch, threshold, size } = this.#options;
    let [iterations, converged, before] = [0, false, start];
    while (iterations < most && !converged) {
      signal?.throwIfAborted();
      const order = isMiniBatch ? this.#shuffled(restart * most + iterations) : undefined;
      await eachBatch(this.#rows, size, (x, at) => this.#step(x, at), signal, order);
      if (!isMiniBatch) await this.#closed();
      iterations++;
      const after = (await this.#centres.read({ signal })) as Float32Array<ArrayBuffer>;
      let total = 0;
      for (let i = 0; i < after.length; i++) total += (after[i]! - before[i]!) ** 2;
      converged = total <= threshold;
      before = after;
      onIteration(iterations);
    }
    return { centres: before, iterations, converged };
  }

  /** All batches in random order. */
  #shuffled(pass: number): Uint32Array {
    const { size, seed } = this.#options;
    return permutation(Math.ceil(this.#rows.count / size), { seed, stream: streamOf("mini-batches"), step: pass });
  }

  /** Adds a batch to the sums; a mini-batch moves the centres as well. */
  async #step(x: Tensor, start: number): Promise<void> {
    const part = this.#weights?.slice(start, start + x.shape[0]!);
    const weights = part ? [this.#gpu.tensor(part, [part.length])] : [];
    try {
      const add = await this.#programs.get(
        "add",
        (rows, own) => this.#recordStep(assigned(rows!, this.#centres, own ?? null)),
        [x, ...weights],
      );
      await add.run(x, ...weights);
    } finally {
      for (const t of weights) t.dispose();
    }
  }

  #recordStep(found: Found): void {
    const sums = this.#sums;
    if (this.#options.isMiniBatch) {
      // c ← c + Σ w (x − c) / (Σ w of all rows that it ever took): Sculley, Web-scale k-means clustering, 2010
      const counts = add(sums.counts, found.counts);
      const column = reshape(counts, [counts.size, 1]);
      assign(sums.counts, counts);
      assign(
        this.#centres,
        where(greater(column, 0), add(this.#centres, div(found.first, maximum(column, 1e-30))), this.#centres),
      );
      return;
    }
    for (const name of ["first", "counts"] as const) assign(sums[name], add(sums[name], found[name]));
    assign(sums.farthest, where(greater(found.reach, sums.reach), found.farthest, sums.farthest));
    assign(sums.reach, maximum(sums.reach, found.reach));
  }

  async #closed(): Promise<void> {
    const close = await this.#programs.get("close", () => {
      assign(this.#centres, updatedCentres(this.#centres, this.#sums).next);
      for (const state of Object.values(this.#sums)) assign(state, expand(constant(this.#gpu, 0), state.shape));
    });
    await close.run();
  }

  dispose(): void {
    this.#programs.dispose();
    for (const state of [this.#centres, ...Object.values(this.#sums)]) state.dispose();
  }
}
