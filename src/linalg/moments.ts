import { eachBatch, gpuOf, rowsAtOnce, rowsOf, type Samples } from "../data/rows.ts";
import { check, checkOptions, named, show } from "../device/errors.ts";
import { checkCall, type LongCall } from "../formats/call.ts";
import { parseNpz, writeNpz } from "../formats/npz.ts";
import type { Gpu } from "../program/gpu.ts";
import { type CentredSums, centredSums, empty, exactSums, isExact, mergeSums, readSums } from "./centredSums.ts";
import { GpuSums } from "./gpuSums.ts";
import { numbersOf } from "./numbers.ts";
import { checkSemidefinite, checkSymmetric } from "./symmetric.ts";

/**
 * Mean and covariance of samples that come in parts, the sufficient statistics of a Gaussian and of the Fréchet distance.
 *
 * Batches are centred, multiplied and added up on the GPU, and read once at the end; moments merge on the CPU in float64: the order of the
 * parts changes rounding only. `toNpz` is read by pytorch-fid and clean-fid (`mu`, `sigma`), which ignore `n`.
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

  /**
   * Moments of a tensor [n, d] or a source of rows, `batch` rows at a time (as many as fit by default): one read at the end.
   * Throws LatentError("data") on a value that is not finite.
   */
  static async of(samples: Samples, options: LongCall & { readonly batch?: number } = {}): Promise<Moments> {
    checkOptions("Moments.of", options, ["signal", "onProgress", "batch"]);
    checkCall("Moments.of", options);
    const { batch } = options;
    check(batch === undefined || (Number.isInteger(batch) && batch > 0), "argument", "Moments.of", () => {
      return `expected batch as a whole number > 0; got ${String(batch)}.`;
    });
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

  /**
   * Gathers batches that come one after the other, without a read until `result`.
   *
   *     const stream = Moments.streaming();
   *     await stream.update(a);
   *     const moments = await stream.result();
   */
  static streaming(): MomentsStream {
    return new MomentsStream((sums) => new Moments(sums, 2 ** -24));
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

/**
 * Batches on their way to moments: sums stay on the GPU until `result`, which may be asked for more than once.
 *
 *     const stream: MomentsStream = Moments.streaming();
 *     await stream.update(x);
 *     const moments = await stream.result();
 */
export class MomentsStream {
  readonly #make: (sums: CentredSums) => Moments;
  /** One for each stream that was merged in. */
  #parts: (CentredSums | GpuSums)[] = [];
  #dim: number | undefined;

  /** @internal */
  constructor(make: (sums: CentredSums) => Moments) {
    this.#make = make;
  }

  /** Adds the rows of a tensor [n, d], a data set or a source of rows. Throws LatentError("shape") where features differ in number. */
  async update(batch: Samples): Promise<void> {
    const where = "Moments.streaming";
    const rows = rowsOf(where, batch, this.#dim);
    this.#dim = rows.dim;
    await eachBatch(rows, rowsAtOnce(rows.dim), async (part, start) => {
      if (this.#parts.length === 0) {
        const gpu = gpuOf(where, part);
        this.#parts.push(isExact(gpu, rows.dim) ? empty(rows.dim, true) : new GpuSums(gpu, rows.dim, true));
      }
      const sums = this.#parts[0]!;
      if (sums instanceof GpuSums) await sums.add(part);
      else mergeSums(sums, await exactSums(where, part, start, true));
    });
  }

  /** Takes over what another stream holds, which is empty afterwards. */
  merge(other: MomentsStream): this {
    const isOther = other instanceof MomentsStream && other !== this;
    check(isOther, "argument", "Moments.streaming", () => `expected another stream; got ${named(other)}.`);
    check(
      this.#dim === undefined || other.#dim === undefined || this.#dim === other.#dim,
      "shape",
      "Moments.streaming",
      () => {
        return `features differ in number. Expected ${this.#dim}; got ${other.#dim}.`;
      },
    );
    this.#dim ??= other.#dim;
    this.#parts.push(...other.#parts);
    other.#parts = [];
    return this;
  }

  /** The moments of all batches so far. Throws LatentError: "data" without samples or where a value was not finite. */
  async result(): Promise<Moments> {
    const where = "Moments.streaming";
    check(
      this.#dim !== undefined && this.#parts.length > 0,
      "data",
      where,
      () => "no samples yet. Expected at least one.",
    );
    const sums = empty(this.#dim, true);
    for (const part of this.#parts)
      mergeSums(sums, part instanceof GpuSums ? await readSums(where, part, () => Promise.resolve()) : part);
    return this.#make(sums);
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    for (const part of this.#parts.splice(0)) if (part instanceof GpuSums) part.dispose();
  }
}
