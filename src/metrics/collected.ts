import { eachBatch, gpuOf, type Rows, rowsAtOnce, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { joined, rowsFrom, type SampleSet } from "./sets.ts";
import type { Measure } from "./stream.ts";

/** Rows that came in parts, kept on the GPU one after the other. */
export class Collected implements Measure<SampleSet, Rows> {
  readonly #where: string;
  readonly #gpu: Gpu | undefined;
  #parts: Tensor[] = [];

  constructor(where: string, gpu?: Gpu) {
    this.#where = where;
    this.#gpu = gpu;
  }

  /** Copies the rows of a part. Throws LatentError("shape") where they are of another length than those before. */
  async update(part: SampleSet): Promise<void> {
    const own: Tensor[] = [];
    const known = this.#parts[0];
    try {
      const rows = rowsFrom(this.#where, "a part", part, this.#gpu ?? (known && gpuOf(this.#where, known)), own);
      check(known === undefined || known.shape[1] === rows.dim, "shape", this.#where, () => {
        return `features differ in number. Expected ${known!.shape[1]}; got ${rows.dim}.`;
      });
      await eachBatch(rows, rowsAtOnce(rows.dim), async (batch) => {
        this.#parts.push(await gpuOf(this.#where, batch).copy(batch));
      });
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  }

  merge(other: Collected): this {
    this.#parts.push(...other.#parts);
    other.#parts = [];
    return this;
  }

  result(): Promise<Rows> {
    check(this.#parts.length > 0, "data", this.#where, () => "no samples yet. Expected at least one update.");
    return Promise.resolve({ ...joined(this.#parts.map((part) => rowsOf(this.#where, part))) });
  }

  dispose(): void {
    for (const part of this.#parts.splice(0)) part.dispose();
  }
}
