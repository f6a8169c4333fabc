import { check, checkOptions, named } from "../device/errors.ts";
import type { LongCall } from "../formats/call.ts";
import { type Inputs, isOptions } from "./arguments.ts";
import type { SampleSet } from "./sets.ts";
import type { Measure } from "./stream.ts";

/** What a streaming measure is made of. */
interface Parts<R> {
  readonly where: string;
  /** Names of its sets. */
  readonly sets: readonly string[];
  /** The set that parts without a name belong to. */
  readonly usual: string;
  /** Sets that were given as a whole. */
  readonly fixed: Inputs;
  /** Its options, which those that merge must share. */
  readonly options: Inputs;
  /** Makes a gatherer of one set's rows. */
  gather(): Measure<SampleSet, unknown>;
  /** The number of whole sets. */
  finish(inputs: Inputs, options: LongCall): Promise<R>;
}

/** The streaming twin of a measure: one gatherer for each set that comes in parts. */
export class Streaming<R> implements Measure<unknown, R> {
  readonly #gatherers = new Map<string, Measure<SampleSet, unknown>>();
  readonly #parts: Parts<R>;

  constructor(parts: Parts<R>) {
    this.#parts = parts;
  }

  #of(set: string): Measure<SampleSet, unknown> {
    if (!this.#gatherers.has(set)) this.#gatherers.set(set, this.#parts.gather());
    return this.#gatherers.get(set)!;
  }

  async update(batch: unknown): Promise<void> {
    const { where, sets, usual, fixed } = this.#parts;
    if (isOptions(batch)) checkOptions(where, batch, sets);
    const parts = (isOptions(batch) ? batch : { [usual]: batch }) as { readonly [set: string]: SampleSet };
    for (const [set, rows] of Object.entries(parts)) {
      check(fixed[set] === undefined, "argument", where, () => `${set} was given as a whole; got a part of it.`);
      await this.#of(set).update(rows);
    }
  }

  /** Adds what another one holds, which is empty afterwards. Throws LatentError("argument") where it is another measure's, or has other options. */
  merge(other: this): this {
    const { where, options } = this.#parts;
    check(
      other instanceof Streaming && other.#parts.where === where && other !== this,
      "argument",
      where,
      () => `expected another streaming ${where}; got ${named(other)}.`,
    );
    const theirs = other.#parts.options;
    const differing = [...new Set([...Object.keys(options), ...Object.keys(theirs)])].find(
      (name) => !["gpu", "signal", "onProgress"].includes(name) && !isSame(options[name], theirs[name]),
    );
    check(differing === undefined, "argument", where, () => {
      return `streams of other options do not merge. Expected ${differing} ${named(options[differing!])}; got ${named(theirs[differing!])}.`;
    });
    for (const [set, gathered] of other.#gatherers) this.#of(set).merge(gathered);
    return this;
  }

  async result(options: LongCall = {}): Promise<R> {
    const inputs: { [set: string]: unknown } = { ...this.#parts.fixed };
    for (const [set, gathered] of this.#gatherers) inputs[set] = await gathered.result(options);
    check(this.#gatherers.size > 0, "data", this.#parts.where, () => "no samples yet. Expected at least one update.");
    return this.#parts.finish(inputs, options);
  }

  dispose(): void {
    for (const gathered of this.#gatherers.values()) gathered.dispose();
    this.#gatherers.clear();
  }
}

/** Options are the same number or word, or lists of the same numbers. */
const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
