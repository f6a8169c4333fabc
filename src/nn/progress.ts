import { progressOf } from "../formats/call.ts";
import type { Progress } from "./options.ts";
import { addTerms, meanTerms, type TermValues } from "./termHistory.ts";

/** Tells how training gets on: means of the terms over the steps since the last report. */
export class Reporter {
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  #begin = performance.now();
  /** When the first steps were done, which include the driver's compilation: the pace is that of the others. */
  #paced: { since: number; readonly step: number } | null = null;
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
    const skipped = performance.now() - since;
    this.#begin += skipped;
    if (this.#paced) this.#paced.since += skipped;
  }

  add(terms: TermValues, samples: number): void {
    addTerms(this.#sums, terms, samples);
    this.#samples += samples;
  }

  report(step: number, total: number, validation?: number): void {
    if (this.#samples) this.#last = meanTerms(this.#sums, this.#samples);
    this.#sums = {};
    this.#samples = 0;
    const whole = progressOf(this.#begin, step, total, step - this.#first);
    const { since, step: from } = (this.#paced ??= { since: performance.now(), step });
    this.#onProgress?.({
      ...whole,
      ...(step > from ? { eta: progressOf(since, step, total, step - from).eta } : {}),
      loss: this.#last["loss"] ?? Number.NaN,
      terms: this.#last,
      ...(validation === undefined ? {} : { validation }),
    });
  }
}
