import type { Rows } from "../data/rows.ts";
import { check, checkOptions } from "../device/errors.ts";
import { abortable, checkCall, type LongCall } from "../formats/call.ts";
import { flag, inside, type Option, optional, readOptions, whole } from "../formats/options.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { type Arguments, argumentsOf, type Inputs } from "./arguments.ts";
import { Collected } from "./collected.ts";
import { halves, HALVES, type HalvesOptions, LEAST, UNASKED } from "./halves.ts";
import { type Found, type Score, scoreOf } from "./score.ts";
import { normalInterval, type Range } from "./statistics.ts";
import type { Measure } from "./stream.ts";
import { Streaming } from "./streaming.ts";
import { gpuBehind, rowsFrom, type SampleSet, tensorOf } from "./sets.ts";

/** What every measure may be asked for. */
export interface MeasureOptions extends LongCall {
  /** Where random choices start; 0. */
  readonly seed?: number;
  /** How often the interval should hold the true value; 0.95. */
  readonly level?: number;
  /** Whether to find an interval; where it costs more than the value itself, only for small sets unless it is asked for. */
  readonly interval?: boolean;
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
  /** Where random choices start. Whoever asks has made some: the report then says the seed. */
  seed(): number;
  readonly level: number;
  /** Whether an interval was asked for or refused; undefined where nothing was said. */
  readonly interval: boolean | undefined;
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

interface Definition<O, F extends Found> extends Arguments {
  readonly options: { readonly [K in keyof O]-?: Option<O[K]> };
  /** Options that take the place of others, which are refused beside them. */
  readonly apart?: { readonly [option: string]: readonly string[] };
  /** What the value and parts can be whose intervals come from random halves of the sets. */
  readonly halves?: { readonly value: Range } & { readonly [part in keyof F & string]?: Range };
  of(inputs: Inputs, options: O, context: Context): Promise<F>;
  /** Gathers the parts of one set where that takes less than all of its rows. */
  readonly accumulator?: (options: MeasureOptions) => Measure<SampleSet, unknown>;
}

/** A measure as it is called: arguments by position, or one object with their names; options last. */
export interface MeasureFunction<A extends readonly unknown[], O, P> {
  (...args: [...A, options?: O & Omit<MeasureOptions, keyof O>]): Promise<Score & P>;
  /** By name: `name({ real, generated }, options)`. */
  (inputs: { readonly [set: string]: unknown }, options?: O & Omit<MeasureOptions, keyof O>): Promise<Score & P>;
  /** The same on samples that come in parts; whole sets stand among the options, parts are samples of the last set that was not, or `{ set: samples }`. */
  streaming(
    options?: O & Omit<MeasureOptions, keyof O> & { readonly [set: string]: unknown },
  ): Measure<SampleSet | { readonly [set: string]: SampleSet }, Score & P>;
}

const COMMON = { seed: whole(0, 0), level: inside(0, 1, 0.95), interval: optional(flag()) };
const OTHERS = [...Object.keys(COMMON), "features", "gpu", "signal", "onProgress"];

/**
 * Makes a measure of its formula: checks arguments and options, frees what was uploaded, and adds interval and conditions. Its options are
 * a table like a model's: `{ k: whole(1, 5), kernel: oneOf("rbf", "cosine"), sigma: optional(above(0)) }`, where `of` finds 5, "rbf" and
 * undefined if nothing is said.
 */
export function defineMeasure<A extends readonly unknown[], O, P>(
  definition: Definition<O, Found & P>,
): MeasureFunction<A, O, P> {
  const { name: where, sets, optional: furtherSets = [], apart = {}, options: table } = definition;
  const measure = async (...args: readonly unknown[]) => {
    const [inputs, options] = argumentsOf(definition, args);
    const settings = settingsOf(options);
    // whatever it waits for: what was begun frees what it holds when it ends
    return abortable(measured(inputs, settings), settings.long.signal);
  };

  async function measured(inputs: Inputs, settings: Settings) {
    const own: Tensor[] = [];
    try {
      const noted: Noted = { n: {}, own };
      const context = contextOf(inputs, settings, noted);
      const found = await definition.of(inputs, settings.filled, context);
      const certain =
        settings.interval === false ? withoutInterval(found) : await withHalves(found, inputs, settings, noted);
      return scoreOf(where, certain, { n: noted.n, features: nameOf(settings.features), seed: noted.seed });
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  }

  /** Options, checked by name and value. */
  function settingsOf(options: Inputs) {
    checkOptions(where, options, [...Object.keys(table), ...OTHERS]);
    checkCall(where, options);
    for (const [name, others] of Object.entries(apart)) {
      const replaced = others.find((other) => options[name] !== undefined && options[other] !== undefined);
      check(
        replaced === undefined,
        "argument",
        where,
        () => `${name} takes the place of ${replaced}. Give one of them.`,
      );
    }
    const { gpu, features } = options as MeasureOptions;
    if (gpu !== undefined) checkGpu(where, gpu);
    // a measure may have a level of its own: of a wavelet tree, of a test
    const common = readOptions(where, COMMON, "level" in table ? { ...options, level: undefined } : options);
    return { ...common, gpu, features, long: options as LongCall, filled: readOptions(where, table, options) as O };
  }
  type Settings = ReturnType<typeof settingsOf>;

  /** What a measure notes as it works. */
  interface Noted {
    readonly n: { [set: string]: number };
    readonly own: Tensor[];
    seed?: number;
  }

  function contextOf(inputs: Inputs, { gpu, level, interval, seed, long }: Settings, noted: Noted): Context {
    const { n, own } = noted;
    const engines = [gpu, ...Object.values(inputs).map(gpuBehind)].filter((one) => one !== undefined);
    const [maybeGpu] = engines;
    check(new Set(engines).size <= 1, "wrong-device", where, () => {
      return `expected all sets, and options.gpu, on one gpu; got ${new Set(engines).size} of them.`;
    });
    const { signal, onProgress } = long;
    const context: Context = {
      where,
      inputs,
      seed: () => (noted.seed = seed),
      level,
      interval,
      long: { signal, onProgress },
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
    return context;
  }

  /** Adds deviations and intervals from random halves, where the measure has them and the sets allow. */
  async function withHalves(found: Found & P, inputs: Inputs, settings: Settings, noted: Noted): Promise<Found & P> {
    const { level, seed, interval, filled } = settings;
    const { resamples } = filled as HalvesOptions;
    const times = resamples ?? HALVES;
    const parts = definition.halves;
    const counts = sets.map((set) => noted.n[set] ?? 0);
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    // the deviation of a single half is not known
    if (parts === undefined || times < 2) return found;
    check(interval !== true || least >= LEAST, "data", where, () => {
      return `an interval from random halves needs at least ${LEAST} rows in each set; got ${least}.`;
    });
    const isAsked = interval === true || resamples !== undefined;
    if (least < LEAST || (!isAsked && most > UNASKED)) return found;
    noted.seed = seed;
    const { signal } = settings.long;
    const whole = Object.fromEntries(sets.map((set) => [set, inputs[set]]));
    const quiet: Settings = { ...settings, interval: false, long: { signal } };
    const deviations = await halves(whole, Object.keys(parts), { times, seed, signal }, async (half) => {
      const own: Tensor[] = [];
      try {
        const context = contextOf({ ...inputs, ...half }, quiet, { n: {}, own });
        return (await definition.of(context.inputs, filled, context)) as unknown as { [name: string]: number };
      } finally {
        for (const tensor of own) tensor.dispose();
      }
    });
    return { ...found, ...withDeviations(found, deviations, level, parts as Ranges) };
  }

  return Object.assign(measure, {
    streaming(options: Inputs = {}) {
      const isSet = ([name]: [string, unknown]) => sets.includes(name) || furtherSets.includes(name);
      const fixed = Object.fromEntries(Object.entries(options).filter(isSet));
      const rest = Object.fromEntries(Object.entries(options).filter((entry) => !isSet(entry)));
      settingsOf(rest);
      const gather = definition.accumulator ?? (() => new Collected(where, (rest as MeasureOptions).gpu));
      return new Streaming({
        where,
        sets: [...furtherSets, ...sets],
        usual: sets.findLast((set) => fixed[set] === undefined) ?? sets.at(-1)!,
        fixed,
        options: rest,
        gather: () => gather(rest as MeasureOptions),
        finish: (inputs, call) => measure(inputs, { ...rest, ...call }),
      });
    },
  }) as unknown as MeasureFunction<A, O, P>;
}

type Ranges = { readonly [name: string]: Range };

/** Deviations of the value and of parts as a result has them; what a measure knows of other chance (directions) is added to the value's. */
function withDeviations(
  found: Found,
  deviations: { readonly [name: string]: number },
  level: number,
  ranges: Ranges,
): Partial<Found> {
  const deviation = Math.hypot(deviations.value!, found.deviation ?? 0);
  const limits = Object.entries({ ...deviations, value: deviation }).flatMap(([name, own]) => {
    const value = (found as unknown as { readonly [name: string]: number })[name]!;
    const interval = normalInterval(value, own, level, ranges[name]);
    return interval.every(Number.isFinite) ? [[name, interval] as const] : [];
  });
  const { value: interval, ...intervals } = Object.fromEntries(limits);
  if (interval === undefined) return {};
  return { deviation, interval, ...(Object.keys(intervals).length > 0 ? { intervals } : {}) };
}

const withoutInterval = <F extends Found>(found: F): F => ({
  ...found,
  deviation: undefined,
  interval: undefined,
  intervals: undefined,
});

const nameOf = (features: MeasureOptions["features"]): string =>
  features === undefined
    ? "values as given"
    : typeof features === "string"
      ? features
      : `${features.name}${features.checksum ? ` (${features.checksum.slice(0, 12)})` : ""}`;
