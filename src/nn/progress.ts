import { progressOf } from "../formats/call.ts";
import type { Progress } from "./options.ts";
import { addTerms, meanTerms, type TermValues } from "./termHistory.ts";

/** Tells how training gets on: means of the terms over the steps since the last report. */
export class Reporter {
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  #begin = performance.now();
  #first = 0;
  #sums: { [term: string]: number } = {};
  #samples = 0;
  #last: TermValues = {};

  constructor(onProgress: ((progress: Progress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  /** Steps before `step` were another call's. */
  startFrom(step: number): void {
    this.#first = step;
  }

  /** Leaves the seconds since `since` (performance.now()) out of all times. */
  skip(since: number): void {
    this.#begin += performance.now() - since;
  }

  add(terms: TermValues, samples: number): void {
    addTerms(this.#sums, terms, samples);
    this.#samples += samples;
  }

  report(step: number, total: number, validation?: number): void {
    if (this.#samples) this.#last = meanTerms(this.#sums, this.#samples);
    this.#sums = {};
    this.#samples = 0;
    this.#onProgress?.({
      ...progressOf(this.#begin, step, total, step - this.#first),
      loss: this.#last["loss"] ?? Number.NaN,
      terms: this.#last,
      ...(validation === undefined ? {} : { validation }),
    });
  }
}
