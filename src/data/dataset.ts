import { check, checkOptions, named, show } from "../device/errors.ts";
import { count, type Shape } from "../graph/dtype.ts";
import { batchOf } from "../graph/ops/batch.ts";
import { equal, mul } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { isFinite } from "../graph/ops/elementwise.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { reshape } from "../graph/ops/shape.ts";
import { max, min } from "../graph/ops/sum.ts";
import { sameDevice } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { arrayOf, checkFinite, fieldOf, flattened, labelsOf, type DatasetSource } from "./columns.ts";

export type { DatasetSource };

/** What may be said of a data set. */
export interface DatasetOptions {
  /** One class number for each sample, whole and from 0 to 255: an array of any kind, or a tensor [count] of u8. */
  readonly labels?: ArrayLike<number> | Tensor;
  /** Further values of each sample, [count, …] by name, of the types that samples may have; they travel with every batch. */
  readonly fields?: { readonly [name: string]: DatasetSource };
}

/** Samples of one step, and what the data set knows of each. */
export interface Batch {
  /** f32 [batch, …], a data set's bytes as 0 to 1. */
  readonly x: Tensor;
  /** u32 [batch], class numbers, where the data set has labels. */
  readonly labels?: Tensor;
  /** The data set's further fields, f32 [batch, …]. */
  readonly [field: string]: Tensor | undefined;
}

/**
 * Samples that lie on the GPU as bytes or floats; batches are gathered there, so that training sends no data.
 *
 *     const data = Dataset.from(gpu, pixels, [1, 28, 28]);
 *     console.log(data.count);
 */
export class Dataset {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** Samples in it. */
  readonly count: number;
  /** Of one sample. */
  readonly shape: Shape;
  /** [count, features], u8 or f32. */
  readonly samples: Tensor;
  /** [count, 1] u8. */
  readonly labels: Tensor | null;
  /** Further values of each sample, each [count, …]. */
  readonly fields: { readonly [name: string]: Tensor };
  readonly #owned: readonly Tensor[];

  private constructor(
    shape: Shape,
    samples: Tensor,
    labels: Tensor | null,
    fields: { readonly [name: string]: Tensor },
    owned: readonly Tensor[],
  ) {
    this.gpu = samples.gpu as Gpu;
    this.count = samples.shape[0]!;
    this.shape = shape;
    this.samples = samples;
    this.labels = labels;
    this.fields = fields;
    this.#owned = owned;
  }

  /**
   * `values` as samples of `shape` [count, …]; a tensor's own shape by default. Arrays are uploaded, tensors are borrowed.
   *
   * Throws LatentError: "shape" where counts differ, "data" on a float that is not finite (naming sample and feature) or on an
   * empty set, "argument" on other types.
   */
  static from(gpu: Gpu, values: DatasetSource, shape?: Shape, options: DatasetOptions = {}): Dataset {
    const where = "Dataset.from";
    checkGpu(where, gpu);
    checkOptions(where, options, ["labels", "fields"]);
    check(
      values instanceof Tensor || ArrayBuffer.isView(values),
      "argument",
      where,
      () => `expected a Uint8Array, Float32Array or Tensor; got ${named(values)}.`,
    );
    check(
      shape === undefined || Array.isArray(shape),
      "argument",
      where,
      () => `expected a shape [count, …] third, and options after it; got ${named(shape)}.`,
    );
    for (const x of [values, options.labels]) if (x instanceof Tensor) sameDevice(where, gpu, x);
    const full = shape ?? (values instanceof Tensor ? values.shape : undefined);
    check(full !== undefined, "argument", where, () => "an array needs a shape. Expected [count, …]; got none.");
    check(
      full.length > 0 && full.every((n) => Number.isInteger(n) && n > 0),
      "data",
      where,
      () => `expected at least one sample of at least one element; got ${show(full)}.`,
    );
    const samples = full[0]!;
    const features = count(full) / samples;
    const length = values instanceof Tensor ? values.size : values.length;
    check(
      length === count(full),
      "shape",
      where,
      () => `element counts differ. Expected ${count(full)} values for ${show(full)}; got ${length}.`,
    );
    const owned: Tensor[] = [];
    const own = (tensor: Tensor): Tensor => (owned.push(tensor), tensor);
    return gpu.attempt(() => {
      const flat =
        values instanceof Tensor
          ? flattened(gpu, values, samples, features, own)
          : own(gpu.tensor(arrayOf(where, values, features), [samples, features]));
      const labels = options.labels === undefined ? null : labelsOf(gpu, where, options.labels, samples, own);
      const fields = Object.entries(options.fields ?? {}).map(
        ([name, field]) => [name, fieldOf(gpu, `${where} fields.${name}`, name, field, samples, own)] as const,
      );
      return new Dataset(full.slice(1), flat, labels, Object.fromEntries(fields), owned);
    });
  }

  /** Elements of one sample. */
  get features(): number {
    return this.samples.shape[1]!;
  }

  /**
   * Records the `batch` samples from position trainCounters[1] on, in `order` (u32 [count]; without it, as they lie): f32 [batch, …shape],
   * bytes as 0 to 1, with their labels and further fields.
   */
  batch(order: Tensor | null, trainCounters: Tensor, batch: number): Batch {
    const rows = (values: Tensor, shape: Shape) => {
      const scale = values.dtype === "u8" ? 1 / 255 : 1;
      const flat = reshape(values, [this.count, values.size / this.count]);
      return reshape(batchOf(flat, order, trainCounters, batch, scale), [batch, ...shape]);
    };
    const fields = Object.entries(this.fields).map(([name, field]) => [name, rows(field, field.shape.slice(1))]);
    const labels = this.labels && cast(reshape(batchOf(this.labels, order, trainCounters, batch, 1), [batch]), "u32");
    return { ...Object.fromEntries(fields), x: rows(this.samples, this.shape), ...(labels ? { labels } : {}) };
  }

  /** The same samples in another shape; this data set still owns them. */
  withShape(shape: Shape): Dataset {
    const same = count(shape) === this.features;
    check(same, "shape", "Dataset.withShape", () => `expected ${this.features} elements; got ${show(shape)}.`);
    return new Dataset(shape, this.samples, this.labels, this.fields, []);
  }

  /** Samples start … stop − 1 as f32 [stop − start, …shape]; one read or further ops run it. */
  slice(start: number, stop: number): Tensor {
    check(
      Number.isInteger(start) && Number.isInteger(stop) && start >= 0 && start < stop && stop <= this.count,
      "argument",
      "Dataset.slice",
      () => `out of range. Expected 0 ≤ start < stop ≤ ${this.count}; got ${start} and ${stop}.`,
    );
    return this.gpu.within(() => {
      // computed, so that there is nothing to free: start at index 1, else 0
      const trainCounters = mul(cast(equal(arange(this.gpu, 4), 1), "u32"), start);
      return this.batch(null, trainCounters, stop - start).x;
    });
  }

  /**
   * Checks floats on the GPU. Throws LatentError("data"): one that is not finite (naming sample and feature), or outside
   * [low, high] where a range is given.
   */
  async validate(where: string, range?: readonly [number, number], signal?: AbortSignal): Promise<void> {
    if (this.samples.dtype !== "f32") return;
    const parts = this.gpu.within(() => [min(isFinite(this.samples)), min(this.samples), max(this.samples)]);
    let read: number[];
    try {
      await this.gpu.evaluate(parts, { signal });
      read = await Promise.all(parts.map((t) => t.item({ signal })));
    } finally {
      for (const part of parts) part.dispose();
    }
    const [finite, low, high] = read as [number, number, number];
    if (finite !== 1) checkFinite(where, (await this.samples.read({ signal })) as Float32Array, this.features);
    check(
      !range || (low >= range[0] && high <= range[1]),
      "data",
      where,
      () =>
        `values are out of range. Expected ${range![0]} to ${range![1]}; got ${low} to ${high}. Divide bytes by 255, or give them as Uint8Array.`,
    );
  }

  /** Frees what this data set uploaded; tensors that were given to it stay their owner's. */
  dispose(): void {
    for (const tensor of this.#owned) tensor.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
