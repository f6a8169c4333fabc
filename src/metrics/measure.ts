import type { Rows } from "../data/rows.ts";
import { check, checkOptions, isPlain, named } from "../device/errors.ts";
import { checkCall, type LongCall } from "../formats/call.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { Collected } from "./collected.ts";
import { between, type Rules, whole } from "./options.ts";
import { type Found, type Score, scoreOf } from "./score.ts";
import type { Measure } from "./stream.ts";
import { gpuBehind, rowsFrom, type SampleSet, tensorOf } from "./sets.ts";

/** What every measure may be asked for. */
export interface MeasureOptions extends LongCall {
  /** Where random choices start; 0. */
  readonly seed?: number;
  /** How often the interval should hold the true value; 0.95. */
  readonly level?: number;
  /** What the rows are, for the report: a name, or the network that made them. */
  readonly features?: string | { readonly name: string; readonly checksum?: string };
  /** Where arrays go, and where work is done that the CPU could do as well. */
  readonly gpu?: Gpu;
}

/** What a measure finds its parts with. */
export interface Context {
  readonly where: string;
  /** What was given, by name. */
  readonly inputs: Inputs;
  readonly seed: number;
  readonly level: number;
  readonly long: LongCall;
  /** The engine of any set or of `options.gpu`. Throws LatentError("argument") where none is known. */
  gpu(): Gpu;
  /** The engine, where one is known. */
  readonly maybeGpu: Gpu | undefined;
  /** Whether the caller named the engine. */
  readonly insists: boolean;
  /** A set as rows [n, d]; notes n. */
  rows(set: string): Rows;
  /** A set as the tensor that it is, or arrays on the GPU; notes n. */
  tensor(set: string): Tensor;
  /** Two sets as rows of the same length. Throws LatentError("shape"). */
  pair(a?: string, b?: string): [Rows, Rows];
  /** Notes how many samples a set has. */
  count(set: string, n: number): void;
}

type Inputs = { readonly [name: string]: unknown };

interface Definition<O, F extends Found> {
  readonly name: string;
  /** Names of the arguments, in their order. */
  readonly sets: readonly string[];
  /** How many of them have to be given; all. */
  readonly needed?: number;
  /** Two arguments are the first and the third. */
  readonly skipsSecond?: boolean;
  /** Other names that one object of inputs may hold. */
  readonly also?: readonly string[];
  readonly options: Rules<O>;
  /** Whether random choices are made, so that the seed is part of the conditions. */
  readonly random?: boolean;
  of(inputs: Inputs, options: O, context: Context): Promise<F>;
  /** Gathers the parts of one set where that takes less than all of its rows. */
  readonly accumulator?: (options: MeasureOptions) => Measure<SampleSet, unknown>;
}

/** A measure as it is called: arguments by position, or one object with their names; options last. */
export interface MeasureFunction<A extends readonly unknown[], O, P> {
  (...args: [...A, options?: O & Omit<MeasureOptions, keyof O>]): Promise<Score & P>;
  /** By name: `name({ real, generated }, options)`. */
  (inputs: { readonly [set: string]: unknown }, options?: O & Omit<MeasureOptions, keyof O>): Promise<Score & P>;
  /** The same on samples that come in parts; whole sets stand among the options, parts are rows of the last set or `{ set: rows }`. */
  streaming(
    options?: O & Omit<MeasureOptions, keyof O> & { readonly [set: string]: unknown },
  ): Measure<SampleSet | { readonly [set: string]: SampleSet }, Score & P>;
}

const COMMON = ["seed", "level", "features", "gpu", "signal", "onProgress"];

const isOptions = (x: unknown): boolean => isPlain(x) && typeof (x as Partial<Rows>).batch !== "function";

/** Makes a measure of its formula: checks arguments and options, frees what was uploaded, and adds the conditions. */
export function defineMeasure<A extends readonly unknown[], O, P>(
  definition: Definition<O, Found & P>,
): MeasureFunction<A, O, P> {
  const { name: where, sets, also = [], options: rules } = definition;
  const names = Object.keys(rules);
  /** Arguments by their names, and the options. */
  const sorted = (args: readonly unknown[]): [inputs: Inputs, options: Inputs] => {
    const [first, second] = args;
    if (isOptions(first) && [...sets, ...also].some((name) => name in (first as Inputs))) {
      checkOptions(where, first as Inputs, [...sets, ...also]);
      return [first as Inputs, (second ?? {}) as Inputs];
    }
    const options = args.length > 0 && isOptions(args.at(-1)) ? (args.at(-1) as Inputs) : {};
    const given = options === args.at(-1) ? args.slice(0, -1) : args.filter((arg) => arg !== undefined);
    const order = definition.skipsSecond && given.length === 2 ? [sets[0]!, sets[2]!] : sets;
    check(given.length <= sets.length, "argument", where, () => {
      return `expected ${sets.join(", ")} and an object of options; got ${given.length} arguments before it.`;
    });
    return [Object.fromEntries(given.map((value, i) => [order[i]!, value])), options];
  };
  const measure = async (...args: readonly unknown[]) => {
    const [inputs, options] = sorted(args);
    checkOptions(where, options, [...names, ...COMMON]);
    checkCall(where, options);
    const isByName = also.some((name) => name in inputs);
    const missing = isByName ? undefined : sets.slice(0, definition.needed).find((set) => inputs[set] === undefined);
    check(missing === undefined, "argument", where, () => {
      return `expected samples: a tensor [n, d], a Dataset, arrays, or an object with count, dim and batch(start, size) as ${missing}; got ${named(inputs[missing!])}.`;
    });
    const { gpu, signal, onProgress, features } = options as MeasureOptions;
    if (gpu !== undefined) checkGpu(where, gpu);
    const seed = whole(0, 0)(where, "seed", options.seed);
    // a measure may have a level of its own: of a wavelet tree, of a test
    const level = "level" in rules ? 0.95 : between(0, 1, 0.95)(where, "level", options.level);
    const filled = Object.fromEntries(
      Object.entries(rules as Rules<Inputs>).map(([name, rule]) => [name, rule(where, name, options[name])]),
    ) as O;
    const own: Tensor[] = [];
    const n: { [set: string]: number } = {};
    const maybeGpu =
      gpu ??
      Object.values(inputs)
        .map(gpuBehind)
        .find((found) => found !== undefined);
    const context: Context = {
      where,
      inputs,
      seed,
      level,
      long: { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) },
      maybeGpu,
      insists: gpu !== undefined,
      gpu() {
        check(maybeGpu !== undefined, "argument", where, () => "which gpu is not known. Give one: { gpu }.");
        return maybeGpu;
      },
      rows(set) {
        const rows = rowsFrom(where, set, inputs[set], maybeGpu, own);
        n[set] = rows.count;
        return rows;
      },
      tensor(set) {
        const tensor = tensorOf(where, set, inputs[set], maybeGpu, own);
        n[set] = tensor.shape[0] ?? 1;
        return tensor;
      },
      pair(a = "real", b = "generated") {
        const [left, right] = [context.rows(a), context.rows(b)];
        check(left.dim === right.dim, "shape", where, () => {
          return `features differ in number. Expected as many in both; got ${left.dim} and ${right.dim}.`;
        });
        return [left, right];
      },
      count(set, count) {
        n[set] = count;
      },
    };
    try {
      const found = await definition.of(inputs, filled, context);
      return scoreOf(where, found, { n, features: nameOf(features), seed: definition.random ? seed : undefined });
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  };
  return Object.assign(measure, {
    streaming(options: Inputs = {}) {
      const fixed = Object.fromEntries(Object.entries(options).filter(([name]) => sets.includes(name)));
      const rest = Object.fromEntries(Object.entries(options).filter(([name]) => !sets.includes(name)));
      checkOptions(where, rest, [...names, ...COMMON]);
      const gather = definition.accumulator ?? (() => new Collected(where, (rest as MeasureOptions).gpu));
      return new Streaming(
        where,
        sets,
        fixed,
        () => gather(rest as MeasureOptions),
        (inputs, call) => measure(inputs, { ...rest, ...call }),
      );
    },
  }) as unknown as MeasureFunction<A, O, P>;
}

const nameOf = (features: MeasureOptions["features"]): string =>
  features === undefined
    ? "values as given"
    : typeof features === "string"
      ? features
      : `${features.name}${features.checksum ? ` (${features.checksum.slice(0, 12)})` : ""}`;

/** The streaming twin of a measure: one gatherer for each set that comes in parts. */
class Streaming<R> implements Measure<unknown, R> {
  readonly #gatherers = new Map<string, Measure<SampleSet, unknown>>();
  readonly where: string;
  readonly sets: readonly string[];
  readonly fixed: Inputs;
  readonly gather: () => Measure<SampleSet, unknown>;
  readonly finish: (inputs: Inputs, options: LongCall) => Promise<R>;

  constructor(
    where: string,
    sets: readonly string[],
    fixed: Inputs,
    gather: () => Measure<SampleSet, unknown>,
    finish: (inputs: Inputs, options: LongCall) => Promise<R>,
  ) {
    this.where = where;
    this.sets = sets;
    this.fixed = fixed;
    this.gather = gather;
    this.finish = finish;
  }

  #of(set: string): Measure<SampleSet, unknown> {
    if (!this.#gatherers.has(set)) this.#gatherers.set(set, this.gather());
    return this.#gatherers.get(set)!;
  }

  async update(batch: unknown): Promise<void> {
    const isNamed = isOptions(batch);
    if (isNamed) checkOptions(this.where, batch as Inputs, this.sets);
    const parts = (isNamed ? batch : { [this.sets.at(-1)!]: batch }) as { readonly [set: string]: SampleSet };
    for (const [set, rows] of Object.entries(parts)) await this.#of(set).update(rows);
  }

  merge(other: this): this {
    check(other instanceof Streaming && other.where === this.where && other !== this, "argument", this.where, () => {
      return `expected another streaming ${this.where}; got ${named(other)}.`;
    });
    for (const [set, gathered] of other.#gatherers) this.#of(set).merge(gathered);
    return this;
  }

  async result(options: LongCall = {}): Promise<R> {
    const inputs: { [set: string]: unknown } = { ...this.fixed };
    for (const [set, gathered] of this.#gatherers) inputs[set] = await gathered.result(options);
    check(Object.keys(inputs).length > 0, "data", this.where, () => "no samples yet. Expected at least one update.");
    return this.finish(inputs, options);
  }

  dispose(): void {
    for (const gathered of this.#gatherers.values()) gathered.dispose();
    this.#gatherers.clear();
  }
}
