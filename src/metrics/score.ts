/** What a number was measured under. */
export interface Conditions {
  /** Samples of each set, by the set's name. */
  readonly n: { readonly [set: string]: number };
  /** What the rows are: the network that made them, or "values as given". */
  readonly features: string;
  /** Where random choices started; absent where there were none. */
  readonly seed?: number | undefined;
}

/** What a measure hands over: its number, how far to trust it, and its named parts. */
export interface Found {
  readonly value: number;
  readonly deviation?: number | undefined;
  readonly interval?: readonly [number, number] | undefined;
  readonly intervals?: { readonly [part: string]: readonly [number, number] } | undefined;
  readonly warnings?: readonly string[] | undefined;
}

/** Few digits, as people read them. */
const short = (value: number): string =>
  Number.isInteger(value) || !Number.isFinite(value) ? String(value) : String(Number(value.toPrecision(6)));

/**
 * A measure's number with what it rests on. Named parts (`precision`, `meanTerm` …) are members of their own, and text made of it
 * says value, interval and conditions in one line.
 *
 *     const found: Score = await frechetDistance(a, b);
 *     console.log(String(found));
 */
export class Score {
  /** The measure's name. */
  readonly measure: string;
  /** The number; where a measure has several (precision and recall), the first of them. */
  readonly value: number;
  /** Standard error or deviation of the value, as the measure's page says. */
  readonly deviation?: number;
  /** Limits that hold the true value at the asked level. */
  readonly interval?: readonly [number, number];
  /** The same of named parts, by their names. */
  readonly intervals?: { readonly [part: string]: readonly [number, number] };
  /** Samples of each set, by the set's name. */
  readonly n: { readonly [set: string]: number };
  /** What the rows are: the network that made them, or "values as given". */
  readonly features: string;
  /** Where random choices started; absent where there were none. */
  readonly seed?: number;
  /** What a reader of the number should know, in sentences. */
  readonly warnings: readonly string[];

  /** @internal */
  constructor(
    measure: string,
    { value, deviation, interval, intervals, warnings = [] }: Found,
    { n, features, seed }: Conditions,
  ) {
    this.measure = measure;
    this.value = value;
    if (deviation !== undefined) this.deviation = deviation;
    if (interval !== undefined) this.interval = interval;
    if (intervals !== undefined) this.intervals = intervals;
    this.n = n;
    this.features = features;
    if (seed !== undefined) this.seed = seed;
    this.warnings = warnings;
  }

  /** `frechetDistance 1.17 (0.8 to 1.5; n = 6 real, 5 generated; features: values as given)`, with the parts that are numbers. */
  toString(): string {
    const own = new Set([
      "measure",
      "value",
      "deviation",
      "interval",
      "intervals",
      "n",
      "features",
      "seed",
      "warnings",
    ]);
    const parts = Object.entries(this)
      .filter(([name, part]) => !own.has(name) && typeof part === "number")
      .map(([name, part]) => {
        const limits = this.intervals?.[name];
        return `${name} ${short(part as number)}${limits ? ` (${short(limits[0])} to ${short(limits[1])})` : ""}`;
      });
    const conditions = [
      ...(this.interval ? [`${short(this.interval[0])} to ${short(this.interval[1])}`] : []),
      ...(this.deviation !== undefined && !this.interval ? [`± ${short(this.deviation)}`] : []),
      `n = ${Object.entries(this.n)
        .map(([set, count]) => `${count} ${set}`)
        .join(", ")}`,
      `features: ${this.features}`,
      ...(this.seed === undefined ? [] : [`seed ${this.seed}`]),
      ...this.warnings,
    ];
    return `${[`${this.measure} ${short(this.value)}`, ...parts].join(", ")} (${conditions.join("; ")})`;
  }
}

/** A Score with its named parts. */
export function scoreOf<F extends Found>(
  measure: string,
  found: F,
  conditions: Conditions,
): Score & Omit<F, keyof Found> {
  const { value: _v, deviation: _d, interval: _i, intervals: _s, warnings: _w, ...parts } = found;
  return Object.assign(new Score(measure, found, conditions), parts);
}
