import { advanceStep, noteTerms } from "../graph/ops/adam.ts";
import { MOST_TERMS } from "../kernels/adam.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Terms } from "./objective.ts";

/** Numbers by the names of terms. */
export interface TermValues {
  readonly [term: string]: number;
}

/** Terms of the last `length` steps, kept on the GPU until somebody reads them. */
export class TermHistory {
  /** `loss`, and the further terms. */
  readonly names: readonly string[];
  readonly #length: number;
  readonly #gpu: Gpu;
  /** f32 [length · terms], for each MOST_TERMS of the names. */
  readonly #states: readonly Tensor[];

  constructor(gpu: Gpu, names: readonly string[], length: number) {
    this.#gpu = gpu;
    this.#length = length;
    this.names = ["loss", ...names.filter((name) => name !== "loss")];
    this.#states = gpu.attempt(() =>
      this.#chunks(this.names).map((chunk) =>
        gpu.state(new Float32Array(length * chunk.length), [length * chunk.length]),
      ),
    );
  }

  #chunks<T>(list: readonly T[]): T[][] {
    return Array.from({ length: Math.ceil(list.length / MOST_TERMS) }, (_, i) =>
      list.slice(i * MOST_TERMS, (i + 1) * MOST_TERMS),
    );
  }

  /** Traced: keeps the terms of this step, and moves the train counters on by `rows` samples; `guard` stands for the loss, and halts where it is no number. */
  record(trainCounters: Tensor, terms: Terms, guard: Tensor, rows: number): void {
    const [first, ...further] = this.#chunks(this.names.map((name) => (name === "loss" ? guard : terms[name]!)));
    for (const [i, chunk] of further.entries())
      this.#gpu.assign(this.#states[i + 1]!, noteTerms(trainCounters, this.#states[i + 1]!, chunk));
    const [nextCounters, nextHistory] = advanceStep(trainCounters, this.#states[0]!, first!, rows) as [Tensor, Tensor];
    this.#gpu.assign(trainCounters, nextCounters);
    this.#gpu.assign(this.#states[0]!, nextHistory);
  }

  /** What is kept now: the terms of a step. */
  async read(): Promise<(step: number) => TermValues> {
    const chunks = this.#chunks(this.names);
    const values = await Promise.all(this.#states.map((state) => state.read() as Promise<Float32Array>));
    return (step) =>
      Object.fromEntries(
        chunks.flatMap((chunk, i) =>
          chunk.map((name, k) => [name, values[i]![(step % this.#length) * chunk.length + k]!] as const),
        ),
      );
  }

  dispose(): void {
    for (const state of this.#states) state.dispose();
  }
}

/** Adds `weight` times each of `terms` to `sums`. */
export function addTerms(sums: { [term: string]: number }, terms: TermValues, weight: number): void {
  for (const [name, value] of Object.entries(terms)) sums[name] = (sums[name] ?? 0) + value * weight;
}

/** `sums` divided by `count`. */
export const meanTerms = (sums: TermValues, count: number): TermValues =>
  Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
