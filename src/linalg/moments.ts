import { check, checkOptions, show } from "../device/errors.ts";
import { checkCall, type LongCall, progressOf } from "../formats/call.ts";
import { parseNpz, writeNpz } from "../formats/npz.ts";
import { mul, square, sub } from "../graph/ops/arithmetic.ts";
import { abs } from "../graph/ops/elementwise.ts";
import { gram } from "../graph/ops/gram.ts";
import { max, mean as meanOf, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import type { Gpu } from "../program/gpu.ts";
import { deviation, scatter } from "./covariance.ts";
import { numbersOf } from "./numbers.ts";
import { checkSemidefinite, checkSymmetric } from "./symmetric.ts";
import {
  allFinite,
  eachBatch,
  gpuOf,
  type Rows,
  rowsAtOnce,
  rowsOf,
  type Samples,
  throwNotFinite,
} from "../data/rows.ts";

/** Count, mean and centred products of samples, in float64. */
export interface CentredSums {
  count: number;
  readonly mean: Float64Array;
  /** Σ (x − mean)(x − mean)ᵀ row-major [d, d], or its diagonal [d]. */
  readonly products: Float64Array;
  /** The products were taken in float64. */
  exact?: boolean;
  /** Where the last of the samples came from. */
  gpu?: Gpu | undefined;
}

/** Adds `part` to `sums`, both centred on their own means (Chan, Golub & LeVeque 1979). */
export function mergeSums(sums: CentredSums, part: CentredSums): void {
  const d = sums.mean.length;
  const total = sums.count + part.count;
  if (part.count === 0) return;
  sums.gpu = part.gpu ?? sums.gpu;
  const gap = Float64Array.from(part.mean, (value, j) => value - sums.mean[j]!);
  const factor = (sums.count * part.count) / total;
  const full = sums.products.length === d * d;
  for (let i = 0; i < d; i++) {
    if (!full) sums.products[i] = sums.products[i]! + part.products[i]! + factor * gap[i]! ** 2;
    else
      for (let j = 0; j < d; j++)
        sums.products[i * d + j] = sums.products[i * d + j]! + part.products[i * d + j]! + factor * gap[i]! * gap[j]!;
  }
  for (let j = 0; j < d; j++) sums.mean[j] = sums.mean[j]! + (gap[j]! * part.count) / total;
  sums.count = total;
}

const empty = (dim: number, full: boolean): CentredSums => ({
  count: 0,
  mean: new Float64Array(dim),
  products: new Float64Array(full ? dim * dim : dim),
});

/**
 * Sums over all rows: each batch is centred on its own mean and multiplied, batches are merged in float64. Products of many
 * features are taken on the GPU in f32; those of few, or `exact` ones, in float64 on the CPU.
 * Throws LatentError("data") naming the first row and feature that is no finite number.
 */
export async function centredSums(
  where: string,
  rows: Rows,
  full: boolean,
  { signal, onProgress }: LongCall = {},
  exact?: boolean,
): Promise<CentredSums> {
  const sums = empty(rows.dim, full);
  const began = performance.now();
  const size = rowsAtOnce(rows.dim);
  await eachBatch(
    rows,
    size,
    async (batch, start) => {
      sums.exact = exact ?? rows.dim <= defaultsFor(gpuOf(where, batch).traits).linalg.products;
      mergeSums(sums, await (sums.exact ? exactSums : sumsOfBatch)(where, batch, start, full));
      onProgress?.(progressOf(began, Math.min(rows.count, start + size), rows.count));
    },
    signal,
  );
  return sums;
}

/** The sums of one batch in float64: two passes over the numbers that were read, so that nothing is rounded to f32. */
async function exactSums(where: string, batch: Tensor, first: number, full: boolean): Promise<CentredSums> {
  const [count, d] = batch.shape as [number, number];
  const values = await batch.read();
  const mean = new Float64Array(d);
  for (let at = 0; at < values.length; at++) mean[at % d]! += values[at]!;
  for (let j = 0; j < d; j++) mean[j]! /= count;
  if (!mean.every(Number.isFinite)) await throwNotFinite(where, batch, first);
  const products = new Float64Array(full ? d * d : d);
  // four rows at a time, zeros past the last: each product is loaded and stored once for them
  const means = new Float64Array(4 * d);
  for (let k = 0; k < 4; k++) means.set(mean, k * d);
  const rows = new Float64Array(4 * d);
  for (let start = 0; start < values.length; start += rows.length) {
    for (let k = 0; k < rows.length; k++) rows[k] = start + k < values.length ? values[start + k]! - means[k]! : 0;
    for (let i = 0; i < d; i++) {
      const a = rows[i]!;
      const b = rows[d + i]!;
      const c = rows[2 * d + i]!;
      const e = rows[3 * d + i]!;
      if (!full) products[i]! += a * a + b * b + c * c + e * e;
      else
        for (let j = 0; j <= i; j++)
          products[i * d + j]! += a * rows[j]! + b * rows[d + j]! + c * rows[2 * d + j]! + e * rows[3 * d + j]!;
    }
  }
  if (full) for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) products[j * d + i] = products[i * d + j]!;
  return { count, mean, products, gpu: gpuOf(where, batch) };
}

/** Squares of deviations in this range, and sums of thousands of them, keep clear of both ends of f32. */
const [SMALL, LARGE] = [2 ** -50, 2 ** 50];

/** The same by products in f32 on the GPU; features whose deviations are very small or large are brought near 1 first, exactly. */
async function sumsOfBatch(where: string, batch: Tensor, start: number, full: boolean): Promise<CentredSums> {
  const [count, d] = batch.shape as [number, number];
  const gpu = gpuOf(where, batch);
  const origin = gpu.within(() => meanOf(batch, 0));
  const owned: Tensor[] = [origin];
  try {
    // stored before it is used, so that all kernels subtract the same numbers: fused into each, it may round differently
    await gpu.evaluate([origin]);
    const [meanShift, most, finite] = gpu.within(() => [
      deviation(batch, origin),
      max(abs(sub(batch, origin)), 0),
      allFinite(batch),
    ]) as [Tensor, Tensor, Tensor];
    let products = gpu.within(() => (full ? scatter(batch, origin) : sum(square(sub(batch, origin)), 0)));
    owned.push(meanShift, most, finite, products);
    await gpu.evaluate([meanShift, most, finite, products]);
    const read = (t: Tensor) => t.read().then((values) => Float64Array.from(values));
    const [mean, missed, sizes, flag] = await Promise.all([origin, meanShift, most, finite].map(read));
    if (flag![0] !== 1) await throwNotFinite(where, batch, start);
    const wide = sizes!.findIndex((size) => !Number.isFinite(size));
    check(
      wide < 0,
      "numeric",
      where,
      () => `the values of feature ${wide} lie further apart than f32 reaches. Scale the data.`,
    );
    const scale = sizes!.map((size) =>
      size === 0 || (size > SMALL && size < LARGE) ? 1 : 2 ** Math.min(120, -Math.floor(Math.log2(size))),
    );
    if (scale.some((s) => s !== 1)) {
      const factor = gpu.tensor(scale, [d]);
      owned.push(factor);
      products = gpu.within(() => {
        const near = mul(sub(batch, origin), factor);
        return full ? gram(near, near) : sum(square(near), 0);
      });
      owned.push(products);
    }
    const values = await read(products);
    for (let i = 0; i < d; i++) {
      const row = missed![i]! / count;
      if (!full) values[i] = values[i]! / scale[i]! / scale[i]! - missed![i]! * row;
      else
        for (let j = 0; j < d; j++) values[i * d + j] = values[i * d + j]! / scale[i]! / scale[j]! - missed![j]! * row;
    }
    return { count, mean: mean!.map((value, j) => value + missed![j]! / count), products: values, gpu };
  } finally {
    for (const t of owned) t.dispose();
  }
}

/**
 * Mean and covariance of samples that come in parts, the sufficient statistics of a Gaussian and of the Fréchet distance.
 *
 * Parts are centred and multiplied on the GPU in f32, and merged on the CPU in float64: the order of the parts changes
 * rounding only. `toNpz` is read by pytorch-fid and clean-fid (`mu`, `sigma`), which ignore `n`.
 *
 *     const moments = await Moments.of(features);
 *     const file = moments.toNpz();
 */
export class Moments {
  readonly #sums: CentredSums;
  /** Unit of rounding of what the covariance was computed in; decides which of its eigenvalues count as zero. */
  readonly precision: number;

  private constructor(sums: CentredSums, precision: number) {
    this.#sums = sums;
    this.precision = precision;
  }

  /** Moments of a tensor [n, d] or a source of rows. Throws LatentError("data") on a value that is not finite. */
  static async of(samples: Samples, options: LongCall = {}): Promise<Moments> {
    checkOptions("Moments.of", options, ["signal", "onProgress"]);
    checkCall("Moments.of", options);
    const rows = rowsOf("Moments.of", samples);
    return new Moments(await centredSums("Moments.of", rows, true, options), 2 ** -24);
  }

  /** Moments of no samples yet, to be filled by `update`. */
  static empty(dim: number): Moments {
    check(
      Number.isInteger(dim) && dim > 0,
      "shape",
      "Moments.empty",
      () => `expected a whole number of features > 0; got ${dim}.`,
    );
    return new Moments(empty(dim, true), 2 ** -24);
  }

  /** Known moments: mean [d], covariance [d, d] with divisor count − 1. Throws LatentError("shape") or ("data"). */
  static from(given: {
    mean: ArrayLike<number>;
    covariance: ArrayLike<number> | readonly ArrayLike<number>[];
    count: number;
  }): Moments {
    const where = "Moments.from";
    check(
      typeof given === "object" && given !== null,
      "argument",
      where,
      () => `expected { mean, covariance, count }; got ${String(given)}.`,
    );
    checkOptions(where, given, ["mean", "covariance", "count"]);
    const { count } = given;
    const means = numbersOf(where, "mean", given.mean);
    const flat = numbersOf(where, "covariance", given.covariance);
    const d = means.length;
    check(
      d > 0 && flat.length === d * d,
      "shape",
      where,
      () => `expected a covariance of ${d} × ${d} values for mean [${d}]; got ${flat.length}.`,
    );
    check(
      Number.isInteger(count) && count >= 1,
      "argument",
      where,
      () => `expected a count that is a whole number ≥ 1; got ${count}.`,
    );
    checkSymmetric(where, flat, d);
    checkSemidefinite(where, flat, d);
    const products = flat.map((value, at) => 0.5 * (value + flat[(at % d) * d + Math.floor(at / d)]!) * (count - 1));
    return new Moments({ count, mean: means, products }, count > 1 ? 2 ** -53 : 2 ** -24);
  }

  /** Elements of one sample. */
  get dim(): number {
    return this.#sums.mean.length;
  }
  /** @internal The GPU that the last of the samples came from. */
  get gpu(): Gpu | undefined {
    return this.#sums.gpu;
  }
  /** How many samples there are. */
  get count(): number {
    return this.#sums.count;
  }
  /** [d] */
  get mean(): Float64Array {
    return this.#sums.mean.slice();
  }
  /** [d, d] row-major, divisor count − 1. Throws LatentError("data") where there are fewer than two samples. */
  get covariance(): Float64Array {
    return this.covarianceWith(1);
  }

  /** [d, d] row-major, divisor count − ddof. */
  covarianceWith(ddof: number): Float64Array {
    const divisor = this.count - ddof;
    check(
      divisor > 0,
      "data",
      "Moments.covariance",
      () => `too few samples. Expected more than ${ddof}; got ${this.count}.`,
    );
    const { products } = this.#sums;
    const covariance = new Float64Array(products.length);
    // a loop, since there may be millions: map() takes ten times as long
    for (let i = 0; i < products.length; i++) covariance[i] = products[i]! / divisor;
    return covariance;
  }

  /** Adds the samples of a tensor [n, d] or a source of rows. Returns this. */
  async update(batch: Samples, options: LongCall = {}): Promise<this> {
    checkOptions("Moments.update", options, ["signal", "onProgress"]);
    checkCall("Moments.update", options);
    const rows = rowsOf("Moments.update", batch, this.dim);
    mergeSums(this.#sums, await centredSums("Moments.update", rows, true, options));
    return this;
  }

  /** Adds the samples behind `other`, which stays as it is. Returns this. */
  merge(other: Moments): this {
    check(other instanceof Moments, "argument", "Moments.merge", () => `expected Moments; got ${typeof other}.`);
    check(
      other.dim === this.dim,
      "shape",
      "Moments.merge",
      () => `features differ in number. Expected ${this.dim}; got ${other.dim}.`,
    );
    mergeSums(this.#sums, other.#sums);
    return this;
  }

  /** An npz file with `mu` [d], `sigma` [d, d] (divisor count − 1) and `n`, all float64. */
  toNpz(): Uint8Array<ArrayBuffer> {
    return writeNpz(
      {
        mu: { shape: [this.dim], values: this.mean },
        sigma: { shape: [this.dim, this.dim], values: this.covariance },
        n: { shape: [], values: Float64Array.of(this.count) },
      },
      { where: "Moments.toNpz" },
    );
  }

  /** Reads `mu`, `sigma` and `n`; files of other programs lack `n`: give `count` for them. Throws LatentError("format"). */
  static fromNpz(bytes: Uint8Array, options: { readonly count?: number } = {}): Moments {
    const where = "Moments.fromNpz";
    checkOptions(where, options, ["count"]);
    const { count } = options;
    // one after the other: each may unpack to what the one before it says, and to no more
    const mu = parseNpz(bytes, { arrays: ["mu"], maxBytes: 2 ** 24, where }).get("mu")!;
    const [d = 0] = mu.shape;
    const header = 2 ** 17;
    const sigma = parseNpz(bytes, { arrays: ["sigma"], maxBytes: 8 * d * d + header, where }).get("sigma")!;
    const n = parseNpz(bytes, { arrays: (name) => name === "n", maxBytes: header, where }).get("n");
    check(
      mu.shape.length === 1 && sigma.shape.length === 2 && sigma.shape[0] === d && sigma.shape[1] === d,
      "format",
      where,
      () => `shapes do not fit. Expected mu [d] and sigma [d, d]; got ${show(mu.shape)} and ${show(sigma.shape)}.`,
    );
    check(
      n === undefined || n.values.length === 1,
      "format",
      where,
      () => `expected one number n; got ${show(n!.shape)}.`,
    );
    const samples = n ? Number(n.values[0]) : count;
    check(
      samples !== undefined,
      "format",
      where,
      () => "the file has no n. Say how many samples it stands for: fromNpz(bytes, { count }).",
    );
    return Moments.from({ mean: mu.values, covariance: sigma.values, count: samples });
  }
}
