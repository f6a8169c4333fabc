import { eachBatch, gpuOf, type Rows, rowsAtOnce, rowsOf } from "../data/rows.ts";
import { check, show } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { joined, rowsFrom, type SampleSet } from "./sets.ts";
import type { Measure } from "./stream.ts";

/** Rows or images that came in parts, kept on the GPU one after the other. */
export class Collected implements Measure<SampleSet, Rows> {
  readonly #where: string;
  readonly #gpu: Gpu | undefined;
  #parts: Tensor[] = [];
  /** Of one sample. */
  #shape: readonly number[] | undefined;

  constructor(where: string, gpu?: Gpu) {
    this.#where = where;
    this.#gpu = gpu;
  }

  /** Copies the rows of a part. Throws LatentError("shape") where samples are of another shape than those before. */
  async update(part: SampleSet): Promise<void> {
    const own: Tensor[] = [];
    const first = this.#parts[0];
    try {
      const rows = rowsFrom(this.#where, "a part", part, this.#gpu ?? (first && gpuOf(this.#where, first)), own);
      this.#take(rows.shape ?? [rows.dim]);
      await eachBatch(rows, rowsAtOnce(rows.dim), async (batch) => {
        this.#parts.push(await gpuOf(this.#where, batch).copy(batch));
      });
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  }

  #take(shape: readonly number[]): void {
    const expected = (this.#shape ??= shape);
    check(show(expected) === show(shape), "shape", this.#where, () => {
      return `parts differ in the shape of a sample. Expected ${show(expected)}; got ${show(shape)}.`;
    });
  }

  merge(other: Collected): this {
    if (other.#shape) this.#take(other.#shape);
    this.#parts.push(...other.#parts);
    other.#parts = [];
    return this;
  }

  result(): Promise<Rows> {
    check(this.#parts.length > 0, "data", this.#where, () => "no samples yet. Expected at least one update.");
    const rows = joined(this.#parts.map((part) => rowsOf(this.#where, part)));
    const found = { ...rows, shape: this.#shape, gpu: gpuOf(this.#where, this.#parts[0]!) };
    return Promise.resolve(found);
  }

  dispose(): void {
    for (const part of this.#parts.splice(0)) part.dispose();
  }
}
